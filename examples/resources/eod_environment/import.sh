# The id is the name of the environment, which is the name of its namespace.
terraform import eod_environment.preview shop-pr-123
