# By the environment's name, which is its namespace.
terraform import eod_environment.preview shop-pr-123
