mod chart;
mod hostile;
mod kit;
mod kustomization;
mod rules;
mod samples;
mod sources;
mod transformed;
