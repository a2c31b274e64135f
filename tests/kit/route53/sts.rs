//! Temporary credentials of AWS STS, for `AssumeRole` and `AssumeRoleWithWebIdentity`.

use super::{
    Route53Answer,
    document::{element, error},
};

/// Access key id of the temporary credentials.
pub const TEMPORARY_KEY: &str = "ASIACANARYTEMPORARY0";

/// Answers a call with a form as its body.
pub(super) fn answer(form: &str) -> Route53Answer {
    let action = if form.contains("Action=AssumeRoleWithWebIdentity") {
        "AssumeRoleWithWebIdentity"
    } else if form.contains("Action=AssumeRole&") {
        "AssumeRole"
    } else {
        let body = error("InvalidAction", "unknown action");
        return Route53Answer { status: 400, body, code: Some("InvalidAction".to_owned()), ..Route53Answer::default() };
    };
    let credentials = element("AccessKeyId", TEMPORARY_KEY)
        + &element("SecretAccessKey", "canary-temporary-secret")
        + &element("SessionToken", "canary-temporary-token")
        + &element("Expiration", "2100-01-01T00:00:00Z");
    let user = element("Arn", "arn:aws:sts::123456789012:assumed-role/dns/eod") + &element("AssumedRoleId", "AROA:eod");
    let result = element("Credentials", &credentials) + &element("AssumedRoleUser", &user);
    let body = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">{}</{action}Response>",
        element(&format!("{action}Result"), &result)
    );
    Route53Answer::text(200, &body)
}
