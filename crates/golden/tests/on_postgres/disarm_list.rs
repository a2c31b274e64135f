//! Things of production that a copy of its files brings along. Each has a query that must find nothing in a clone.

/// Things that a copy must not have, and a query that finds it. `DATABASE` is the name of the golden database.
pub(super) const DISARMED: &[(&str, &str)] = &[
    (
        "archive and restore commands",
        "SELECT name FROM pg_settings WHERE name IN ('archive_command', 'archive_library', 'restore_command', \
         'recovery_end_command', 'archive_cleanup_command') AND setting LIKE '%wombat%'",
    ),
    (
        "a connection to a primary",
        "SELECT name FROM pg_settings WHERE name IN ('primary_conninfo', 'primary_slot_name', 'promote_trigger_file') \
         AND setting <> ''",
    ),
    ("replication slots", "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'production%'"),
    (
        "subscriptions",
        "SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid \
         WHERE d.datname IN (current_database(), 'DATABASE')",
    ),
    (
        "extensions that run jobs or connect to other servers",
        "SELECT extname FROM pg_extension WHERE extname IN ('pg_cron', 'pg_background', 'pg_net', 'pgagent', 'pglogical', \
         'dblink', 'file_fdw', 'postgres_fdw', 'http', 'aws_s3')",
    ),
    (
        "background workers",
        "SELECT backend_type FROM pg_stat_activity WHERE datname IN (current_database(), 'DATABASE') \
         AND backend_type NOT IN ('client backend', 'autovacuum worker', 'parallel worker')",
    ),
    (
        "foreign servers, their tables and user mappings",
        "SELECT srvname::text FROM pg_foreign_server UNION ALL SELECT umid::text FROM pg_user_mappings \
         UNION ALL SELECT ftrelid::regclass::text FROM pg_foreign_table",
    ),
    ("foreign data wrappers", "SELECT fdwname FROM pg_foreign_data_wrapper"),
    ("sessions that listen", "SELECT pid FROM pg_stat_activity WHERE datname = 'DATABASE'"),
    ("queued notifications", "SELECT 1 FROM pg_notification_queue_usage() usage WHERE usage > 0"),
    (
        "logins and password hashes of production's roles",
        "SELECT rolname FROM pg_authid WHERE rolname IN ('build_app', 'build_other', 'build_reader') \
         AND (rolcanlogin OR rolpassword IS NOT NULL)",
    ),
    ("production's roles that the policy does not list", "SELECT rolname FROM pg_roles WHERE rolname = 'build_other'"),
    ("event triggers", "SELECT evtname FROM pg_event_trigger"),
    (
        "settings of the database and of roles in it",
        "SELECT unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase \
         WHERE d.datname IN (current_database(), 'DATABASE')",
    ),
    (
        "preloaded libraries of production",
        "SELECT name FROM pg_settings WHERE name IN ('shared_preload_libraries', 'session_preload_libraries', \
         'local_preload_libraries') AND setting <> ''",
    ),
    ("large objects", "SELECT oid FROM pg_largeobject_metadata"),
    ("security labels", "SELECT provider FROM pg_seclabels"),
    ("prepared transactions", "SELECT gid FROM pg_prepared_xacts WHERE database IN (current_database(), 'DATABASE')"),
    (
        "a database that accepts connections",
        "SELECT datname FROM pg_database WHERE datname = 'DATABASE' AND datallowconn",
    ),
];
