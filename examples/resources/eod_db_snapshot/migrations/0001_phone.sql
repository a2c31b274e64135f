ALTER TABLE app.customers ADD COLUMN phone text;
