# EoD: finds and deletes the copies of ended environments. Cannot read a value.

# Targets: `*/preview/*`
path "secret/metadata/preview/*" { capabilities = ["list", "read", "delete"] }

# Targets: `secret/team/*`
path "secret/metadata/team/*" { capabilities = ["list", "read", "delete"] }

# A policy cannot express the target `secret/a*b`; write its rules by hand

# The token itself
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
