# The id is the name of the database.
terraform import eod_db_snapshot.db shop_golden_shop_pr_123
