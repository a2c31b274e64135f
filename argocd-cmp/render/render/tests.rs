mod hostile;
mod kit;
mod samples;
