//! Keep so many pods of a kind running.

pub(crate) mod cronjob;
pub(crate) mod deployment;
mod disposal;
pub(crate) mod job;
pub(crate) mod replicas;
mod revisions;
pub(crate) mod statefulset;

pub(crate) use cronjob::CronJobs;
pub(crate) use deployment::Deployments;
pub(crate) use job::Jobs;
pub(crate) use replicas::Replicas;
pub(crate) use statefulset::StatefulSets;
