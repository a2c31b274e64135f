# The id is <target_mount>/<target_path>.
terraform import eod_vault_clone.config secret/preview/shop-pr-123/shop
