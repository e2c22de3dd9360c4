//! Configurations, and what becomes of them.

use super::*;
use crate::framework::Point;

fn at(profile: &Profile, point: Point) -> Vec<(&'static str, i64)> {
    let all = profile.at(point).iter();
    all.map(|plugin| (plugin.name(), profile.weight(plugin.name()))).collect()
}

fn parsed(profiles: &str) -> Result<Config, ConfigError> {
    Config::parse(&format!("apiVersion: {API_VERSION}\nkind: {KIND}\n{profiles}"))
}

#[test]
fn the_default_profile_scores_as_upstreams() {
    let config = Config::default();
    let scores = at(&config.profiles[0], Point::Score);
    assert_eq!(
        scores,
        [
            ("TaintToleration", 3),
            ("NodeAffinity", 2),
            ("NodeResourcesFit", 1),
            ("PodTopologySpread", 2),
            ("InterPodAffinity", 2),
            ("NodeResourcesBalancedAllocation", 1),
            ("ImageLocality", 1),
        ]
    );
    let config = (config.elect, config.lease.1.as_str(), config.rate.qps);
    assert_eq!(config, (true, "kube-scheduler", 50.0));
}

#[test]
fn a_profile_switches_plugins_off_and_weighs_them_anew() {
    let config = parsed(
        "profiles:
- schedulerName: one
  percentageOfNodesToScore: 7
  plugins:
    multiPoint: {disabled: [{name: ImageLocality}]}
    score: {disabled: [{name: NodeAffinity}], enabled: [{name: InterPodAffinity, weight: 9}]}
- schedulerName: two
  plugins: {score: {disabled: [{name: '*'}]}}
",
    )
    .unwrap();
    assert_eq!(config.profiles[0].percentage, Some(7));
    let scores = at(&config.profiles[0], Point::Score);
    assert_eq!(scores[0], ("InterPodAffinity", 9));
    assert!(!scores.iter().any(|(name, _)| ["NodeAffinity", "ImageLocality"].contains(name)));
    assert!(config.profiles[0].has(Point::Filter, "NodeAffinity"));
    assert_eq!(at(&config.profiles[1], Point::Score), []);
}

#[test]
fn what_cannot_be_is_refused() {
    for (text, expected) in [
        ("surprise: 1", "unknown field \"surprise\""),
        ("profiles: [{plugins: {score: {enabled: [{name: Magic}]}}}]", "\"Magic\" does not exist"),
        ("profiles: [{schedulerName: a}, {schedulerName: a}]", "Duplicate value: \"a\""),
        ("percentageOfNodesToScore: 101", "not in valid range [0-100]"),
        ("podInitialBackoffSeconds: 20", "podMaxBackoffSeconds"),
        ("leaderElection: {leaseDuration: 1s}", "leaseDuration must be greater"),
        ("leaderElection: {leaseDuration: soon}", "invalid duration \"soon\""),
        ("profiles: [{plugins: {bind: {disabled: [{name: '*'}]}}}]", "at least one bind plugin"),
        (
            "profiles: [{plugins: {bind: {enabled: [{name: NodeName}]}}}]",
            "\"NodeName\" does not extend bind plugin",
        ),
        ("extenders: [{urlPrefix: 'http://a', prioritizeVerb: p}]", "positive weight"),
        (
            "profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}]}]",
            "hardPodAffinityWeight",
        ),
    ] {
        let error = parsed(text).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(Config::parse("kind: Pod").is_err());
}
