//! Upstream's flags behind which there is nothing here: taken where they ask for what is done anyway,
//! refused where they ask for anything else.

use super::FlagError;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

/// What a flag may say.
#[derive(Clone, Copy, Debug)]
enum Takes {
    /// It makes no difference.
    Anything,
    /// Only these; the first is upstream's default.
    Only(&'static [&'static str]),
    /// A switch that must be as it is by default.
    Switch(bool),
}

use Takes::{Anything, Only, Switch};

const NOTHING: Takes = Only(&[""]);

const FLAGS: &[(&str, Takes)] = &[
    ("allow-metric-labels", NOTHING),
    ("allow-metric-labels-manifest", NOTHING),
    // Privileged containers are never refused here but by admission.
    ("allow-privileged", Switch(true)),
    ("contention-profiling", Switch(false)),
    ("coordinated-leadership-lease-duration", Only(&["15s"])),
    ("coordinated-leadership-renew-deadline", Only(&["10s"])),
    ("coordinated-leadership-retry-period", Only(&["2s"])),
    ("cors-allowed-origins", NOTHING),
    ("debug-socket-path", NOTHING),
    ("default-not-ready-toleration-seconds", Only(&["300"])),
    ("default-unreachable-toleration-seconds", Only(&["300"])),
    ("delete-collection-workers", Anything),
    ("disable-http2-serving", Switch(false)),
    ("disabled-metrics", NOTHING),
    ("egress-selector-config-file", NOTHING),
    ("emulated-version", NOTHING),
    ("emulation-forward-compatible", Switch(false)),
    ("enable-garbage-collector", Switch(true)),
    ("enable-logs-handler", Switch(false)),
    ("encryption-provider-config", NOTHING),
    ("encryption-provider-config-automatic-reload", Switch(false)),
    ("endpoint-reconciler-type", Only(&["lease"])),
    // Whoever runs etcd compacts it.
    ("etcd-compaction-interval", Only(&["0", "0s"])),
    ("etcd-count-metric-poll-period", Anything),
    ("etcd-db-metric-poll-interval", Anything),
    ("etcd-healthcheck-timeout", Only(&["2s"])),
    ("etcd-readycheck-timeout", Only(&["2s"])),
    ("etcd-servers-overrides", NOTHING),
    ("external-hostname", NOTHING),
    ("feature-gates", NOTHING),
    ("kubernetes-service-node-port", Only(&["0"])),
    ("lease-reuse-duration-seconds", Only(&["60"])),
    ("log-flush-frequency", Anything),
    ("log-json-info-buffer-size", Anything),
    ("log-json-split-stream", Switch(false)),
    ("log-text-info-buffer-size", Anything),
    ("log-text-split-stream", Switch(false)),
    ("logging-format", Only(&["json"])),
    ("max-connection-bytes-per-sec", Only(&["0"])),
    ("min-compatibility-version", NOTHING),
    ("peer-advertise-ip", NOTHING),
    ("peer-advertise-port", NOTHING),
    ("peer-ca-file", NOTHING),
    ("permit-address-sharing", Switch(false)),
    ("permit-port-sharing", Switch(false)),
    ("runtime-config", NOTHING),
    ("runtime-config-emulation-forward-compatible", Switch(false)),
    ("send-retry-after-while-not-ready-once", Switch(false)),
    ("service-account-lookup", Switch(true)),
    ("service-account-signing-endpoint", NOTHING),
    ("show-hidden-metrics-for-version", NOTHING),
    ("storage-backend", Only(&["", "etcd3"])),
    ("storage-initialization-timeout", Anything),
    // Objects are kept as JSON, which upstream's server reads too.
    ("storage-media-type", Only(&["application/json"])),
    ("strict-transport-security-directives", NOTHING),
    ("tls-cipher-suites", NOTHING),
    ("tls-curve-preferences", NOTHING),
    ("tls-min-version", Only(&["", "VersionTLS12"])),
    ("tls-sni-cert-key", NOTHING),
    ("tracing-config-file", NOTHING),
    ("vmodule", NOTHING),
    ("watch-cache", Switch(true)),
    ("watch-cache-sizes", NOTHING),
];

/// Those of them that were given, with what they say.
#[derive(Debug, Default)]
pub struct UnbuiltFlags(Vec<(&'static str, String)>);

impl UnbuiltFlags {
    /// # Errors
    /// One of them asks for what is not built.
    pub(crate) fn check(&self) -> Result<(), FlagError> {
        for (flag, value) in &self.0 {
            let takes = FLAGS.iter().find(|(name, _)| name == flag).map(|(_, takes)| *takes);
            let why = match takes {
                Some(Switch(on)) if *value != on.to_string() => {
                    format!("{value} is not built, only {on} is")
                }
                Some(Only(some)) if !some.contains(&value.as_str()) => match some {
                    [""] => "it is not built".to_owned(),
                    some => format!("{value:?} is not built, only {some:?}"),
                },
                _ => continue,
            };
            return Err(FlagError::Value { flag, why });
        }
        Ok(())
    }
}

impl FromArgMatches for UnbuiltFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |(name, _): &(&'static str, Takes)| {
            let values = matches.get_many::<String>(name)?;
            Some((*name, values.cloned().collect::<Vec<_>>().join(",")))
        };
        Ok(Self(FLAGS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for UnbuiltFlags {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, (name, takes)| {
            let arg = Arg::new(*name).long(*name).hide(true).action(ArgAction::Append);
            command.arg(match takes {
                Switch(_) => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
                Anything | Only(_) => arg.num_args(1),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use crate::kube_apiserver_flags::Flags;
    use clap::Parser;

    fn refusal(args: &[&str]) -> Option<String> {
        let args = [&["kube-apiserver", "--etcd-servers=http://127.0.0.1:1"], args].concat();
        let flags = Flags::try_parse_from(args).unwrap();
        flags.unbuilt.check().err().map(|error| error.to_string())
    }

    #[test]
    fn what_is_not_built_is_refused_and_what_is_so_anyway_is_taken() {
        for (args, expected) in [
            (&[][..], None),
            (&["--allow-privileged", "--watch-cache=true"], None),
            (&["--delete-collection-workers=4", "--storage-backend", "etcd3"], None),
            (&["--watch-cache=false"], Some("--watch-cache: false is not built, only true is")),
            (&["--feature-gates=A=true"], Some("--feature-gates: it is not built")),
            (
                &["--storage-media-type=application/vnd.kubernetes.protobuf"],
                Some(
                    "--storage-media-type: \"application/vnd.kubernetes.protobuf\" is not built, \
                     only [\"application/json\"]",
                ),
            ),
        ] {
            assert_eq!(refusal(args).as_deref(), expected, "{args:?}");
        }
    }
}
