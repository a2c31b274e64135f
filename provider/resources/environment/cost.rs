//! Costs as Terraform's numbers.

use eod_domain::{Environment, Money, Prices, cost_per_day};
use tfplugin::Number;

use crate::provider::Context;

/// Cost of an environment's quota per day, in US dollars, with the provider's prices.
pub(super) fn per_day(cx: &Context, environment: &Environment) -> Number {
    per_day_at(&cx.known_settings().prices, environment)
}

/// Cost of an environment's quota per day, in US dollars, with these prices.
pub(super) fn per_day_at(prices: &Prices, environment: &Environment) -> Number {
    number(&cost_per_day(&environment.quota, prices))
}

/// An amount of money as a number.
pub(super) fn number(cost: &Money) -> Number {
    // An amount of money is a decimal number, which always parses.
    Number::parse(&cost.to_string()).unwrap_or_else(|_| Number::from_u64(0))
}
