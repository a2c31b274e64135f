output "environments" {
  description = "One line per environment: name, URL, expiry, price."
  value = join("\n", [
    for each in eod_environment.preview :
    format("%s  %s  expires %s  $%.2f a day", each.name, each.url, each.expires_at, each.cost_per_day_usd)
  ])
}
