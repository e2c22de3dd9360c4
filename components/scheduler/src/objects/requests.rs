//! What a pod asks of a node, all of its containers together.
//!
//! Upstream: component-helpers/resource/helpers.go (PodRequests).

use super::{
    items,
    resources::{CPU, MEMORY, Resources},
    text,
};
use serde_json::Value;

/// What a container counts for that asks for no processor, in thousandths.
const CPU_UNASKED: i64 = 100;
/// What a container counts for that asks for no memory, in bytes.
const MEMORY_UNASKED: i64 = 200 * 1024 * 1024;

/// What a pod asks for, read in two ways.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Requests {
    /// What it says.
    pub said: Resources,
    /// For scores: containers that say nothing count for something.
    pub weighed: Resources,
}

impl Requests {
    /// Reads a whole pod.
    pub fn of(pod: &Value) -> Self {
        Self { said: total(pod, false), weighed: total(pod, true) }
    }
}

/// A container's requests; where it runs, no less than what it was given there.
fn of_container(pod: &Value, container: &Value, statuses: &str, weighed: bool) -> Resources {
    let list = &container["resources"]["requests"];
    let mut amounts = Resources::read(list);
    let name = text(container, "name");
    if let Some(status) = items(&pod["status"], statuses).find(|it| text(it, "name") == name) {
        amounts.raise_to(&Resources::read(&status["allocatedResources"]));
        amounts.raise_to(&Resources::read(&status["resources"]["requests"]));
    }
    if weighed && list.get(CPU).is_none() {
        amounts.milli_cpu = CPU_UNASKED;
    }
    if weighed && list.get(MEMORY).is_none() {
        amounts.memory = MEMORY_UNASKED;
    }
    amounts
}

fn total(pod: &Value, weighed: bool) -> Resources {
    let spec = &pod["spec"];
    let mut running = Resources::default();
    for container in items(spec, "containers") {
        running.add(&of_container(pod, container, "containerStatuses", weighed));
    }
    // Init containers run one after the other; those that stay run beside all that follow.
    let (mut stay, mut most) = (Resources::default(), Resources::default());
    for container in items(spec, "initContainers") {
        let mut own = of_container(pod, container, "initContainerStatuses", weighed);
        if text(container, "restartPolicy") == "Always" {
            running.add(&own);
            stay.add(&own);
            most.raise_to(&stay);
        } else {
            own.add(&stay);
            most.raise_to(&own);
        }
    }
    running.raise_to(&most);
    whole_pod(&spec["resources"]["requests"], &mut running);
    running.add(&Resources::read(&spec["overhead"]));
    running
}

/// What a pod asks for as a whole stands in the place of its containers' sum.
fn whole_pod(list: &Value, sum: &mut Resources) {
    let said = Resources::read(list);
    for name in list.as_object().into_iter().flatten().map(|(name, _)| name) {
        if name == CPU || name == MEMORY || name.starts_with("hugepages-") {
            sum.set(name, said.get(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn container(cpu: &str) -> Value {
        json!({"name": cpu, "resources": {"requests": {"cpu": cpu}}})
    }

    #[test]
    fn init_containers_count_beside_those_that_stay() {
        let mut sidecar = container("200m");
        sidecar["restartPolicy"] = "Always".into();
        for (init, expected) in [
            (vec![], 300),
            (vec![container("250m")], 300),
            (vec![container("1")], 1000),
            (vec![sidecar.clone()], 500),
            (vec![sidecar.clone(), container("1")], 1200),
            (vec![container("1"), sidecar], 1000),
        ] {
            let pod = json!({"spec": {"initContainers": init,
                "containers": [container("100m"), container("200m")]}});
            assert_eq!(Requests::of(&pod).said.milli_cpu, expected, "{pod}");
        }
    }

    #[test]
    fn what_is_not_said_weighs_something() {
        let pod = json!({"spec": {"overhead": {"cpu": "10m"}, "containers": [{"name": "a"}]}});
        let requests = Requests::of(&pod);
        assert_eq!((requests.said.milli_cpu, requests.said.memory), (10, 0));
        assert_eq!(requests.weighed.milli_cpu, 110);
        assert_eq!(requests.weighed.memory, 200 << 20);
    }

    #[test]
    fn a_whole_pods_requests_replace_the_sum() {
        let pod = json!({"spec": {"resources": {"requests": {"cpu": "2"}},
            "containers": [{"name": "a", "resources": {"requests": {"cpu": "1", "memory": "5"}}}]}});
        let said = Requests::of(&pod).said;
        assert_eq!((said.milli_cpu, said.memory), (2000, 5));
    }

    #[test]
    fn a_container_that_shrinks_counts_for_what_it_still_has() {
        let pod = json!({"spec": {"containers": [container("1")]}, "status": {"containerStatuses":
            [{"name": "1", "allocatedResources": {"cpu": "3"}}]}});
        assert_eq!(Requests::of(&pod).said.milli_cpu, 3000);
    }
}
