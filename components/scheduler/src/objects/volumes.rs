//! What a pod's volumes ask of a node and of storage.

use super::{items, text, texts};
use serde_json::Value;

/// A volume that counts where pods are placed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Volume {
    /// A claim, by its name; one that belongs to the pod alone is named after pod and volume.
    Claim {
        /// The claim's name.
        name: String,
        /// It is made for this pod, and must belong to it.
        ephemeral: bool,
    },
    /// A disk that only one pod may write, as upstream tells such apart.
    Disk(Disk),
}

/// A disk of one of the kinds that conflict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disk {
    /// `gcePersistentDisk`, `awsElasticBlockStore`, `iscsi`, `rbd`.
    kind: &'static str,
    /// What names it; for `rbd` the pool and image.
    name: String,
    /// For `rbd`: two are one disk only where they share a monitor.
    monitors: Vec<String>,
    read_only: bool,
}

impl Disk {
    /// Two pods with these may not be on one node (`isVolumeConflict`).
    pub fn conflicts(&self, other: &Self) -> bool {
        let shared = self.kind != "rbd"
            || self.monitors.iter().any(|monitor| other.monitors.contains(monitor));
        // An EBS disk is attached once, to read or to write.
        let harmless = self.kind != "awsElasticBlockStore" && self.read_only && other.read_only;
        self.kind == other.kind && self.name == other.name && shared && !harmless
    }

    fn read(volume: &Value) -> Option<Self> {
        let found = |kind: &'static str, name: String, from: &Value| Disk {
            kind,
            name,
            monitors: texts(from, "monitors"),
            read_only: from["readOnly"].as_bool().unwrap_or(false),
        };
        let (gce, aws) = (&volume["gcePersistentDisk"], &volume["awsElasticBlockStore"]);
        let (iscsi, rbd) = (&volume["iscsi"], &volume["rbd"]);
        if gce.is_object() {
            return Some(found("gcePersistentDisk", text(gce, "pdName").to_owned(), gce));
        }
        if aws.is_object() {
            return Some(found("awsElasticBlockStore", text(aws, "volumeID").to_owned(), aws));
        }
        if iscsi.is_object() {
            return Some(found("iscsi", text(iscsi, "iqn").to_owned(), iscsi));
        }
        let name = || {
            let pool = rbd["pool"].as_str().unwrap_or("rbd");
            format!("{pool}/{}", text(rbd, "image"))
        };
        rbd.is_object().then(|| found("rbd", name(), rbd))
    }
}

/// Those of a pod of this name.
pub fn volumes(spec: &Value, pod: &str) -> Vec<Volume> {
    let one = |volume: &Value| {
        if let Some(name) = volume["persistentVolumeClaim"]["claimName"].as_str() {
            return Some(Volume::Claim { name: name.to_owned(), ephemeral: false });
        }
        if volume["ephemeral"].is_object() {
            let name = format!("{pod}-{}", text(volume, "name"));
            return Some(Volume::Claim { name, ephemeral: true });
        }
        Disk::read(volume).map(Volume::Disk)
    };
    items(spec, "volumes").filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn disks_conflict_where_one_writes() {
        let disk = |value: Value| Disk::read(&value).unwrap();
        let gce =
            |name, read| disk(json!({"gcePersistentDisk": {"pdName": name, "readOnly": read}}));
        let aws = |read| disk(json!({"awsElasticBlockStore": {"volumeID": "v", "readOnly": read}}));
        let rbd = |monitor| disk(json!({"rbd": {"monitors": [monitor], "image": "i"}}));
        for (one, other, expected) in [
            (gce("a", false), gce("a", true), true),
            (gce("a", true), gce("a", true), false),
            (gce("a", false), gce("b", false), false),
            (aws(true), aws(true), true),
            (rbd("m"), rbd("m"), true),
            (rbd("m"), rbd("n"), false),
        ] {
            assert_eq!(one.conflicts(&other), expected, "{one:?} {other:?}");
        }
    }
}
