mod answers;
mod batches;
mod canary;
mod fake;
mod listings;
mod logins;
mod throttles;
