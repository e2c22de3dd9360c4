//! A pod rather goes where its images are already.
//!
//! Upstream: plugins/imagelocality/image_locality.go.

use crate::{
    cluster::NodeState,
    framework::{Look, NodeScore, Plugin, Point, SCORE_MAX, SharedPlugin},
};
use serde_json::Value;
use std::sync::Arc;

const MIB: i64 = 1024 * 1024;
/// Bytes that are too few to count.
const LEAST: i64 = 23 * MIB;
/// Bytes of one container's image that are as good as any more.
const MOST: i64 = 1000 * MIB;

#[derive(Debug)]
struct ImageLocality;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(ImageLocality))
}

/// The pod's images that some node has, with the share of nodes that do.
#[derive(Debug)]
struct Images {
    known: Vec<(String, f64)>,
    containers: i64,
}

/// An image without tag and digest is its latest.
fn whole_name(image: &str) -> String {
    let tagged = image.rfind(':').is_some_and(|colon| image.rfind('/').is_none_or(|it| it < colon));
    if tagged { image.to_owned() } else { format!("{image}:latest") }
}

impl NodeScore for Images {
    fn score(&self, nodes: &[&NodeState], into: &mut [i64]) {
        let most = MOST * self.containers;
        for (node, score) in nodes.iter().zip(into) {
            let Some(node) = node.node.as_deref() else { continue };
            let bytes = |(name, share): &(String, f64)| {
                node.images.get(name).map_or(0, |bytes| (*bytes as f64 * share) as i64)
            };
            let sum: i64 = self.known.iter().map(bytes).sum();
            *score = SCORE_MAX * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST);
        }
    }
}

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::Score]
    }

    fn score<'a>(&'a self, look: Look<'a>, _: &[&'a NodeState]) -> Option<Box<dyn NodeScore + 'a>> {
        let all = look.cluster.order().len() as f64;
        let known = |image: &String| {
            let name = whole_name(image);
            let nodes = look.cluster.image_nodes(&name);
            (nodes > 0).then_some((name, nodes as f64 / all))
        };
        let known: Vec<_> = look.pod.images.iter().filter_map(known).collect();
        let containers = i64::try_from(look.pod.images.len()).unwrap_or(i64::MAX).max(1);
        if known.is_empty() { None } else { Some(Box::new(Images { known, containers })) }
    }
}

#[cfg(test)]
mod tests {
    use super::whole_name;

    #[test]
    fn a_port_is_no_tag() {
        for (image, expected) in [
            ("nginx", "nginx:latest"),
            ("nginx:1", "nginx:1"),
            ("host:5000/nginx", "host:5000/nginx:latest"),
            ("nginx@sha256:ab", "nginx@sha256:ab"),
        ] {
            assert_eq!(whole_name(image), expected);
        }
    }
}
