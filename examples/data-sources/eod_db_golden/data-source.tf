data "eod_db_golden" "shop" {
  name = "shop_golden"
}

output "snapshot" {
  value = "${data.eod_db_golden.shop.version}, valid until ${data.eod_db_golden.shop.valid_until}"
}
