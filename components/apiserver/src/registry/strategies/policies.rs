//! What other objects may be, what requests may do, and who comes first.
//!
//! Upstream: pkg/registry/{admissionregistration,flowcontrol,policy,rbac,scheduling}/*/strategy.go.

use super::{Generation, Row, Strategy};

const COUNTED: Strategy = Strategy::COUNTED;
/// Who replaces one must have seen it.
const SEEN: Strategy = Strategy { needs_revision: true, ..COUNTED };
const RBAC: Strategy = Strategy { creates_on_update: true, ..Strategy::PLAIN };

pub(super) const ROWS: &[Row] = &[
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies", SEEN),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings", SEEN),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", SEEN),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", SEEN),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings", SEEN),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations", SEEN),
    ("flowcontrol.apiserver.k8s.io", "flowschemas", SEEN),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", SEEN),
    ("policy", "poddisruptionbudgets", SEEN),
    ("rbac.authorization.k8s.io", "clusterrolebindings", RBAC),
    ("rbac.authorization.k8s.io", "clusterroles", RBAC),
    ("rbac.authorization.k8s.io", "rolebindings", RBAC),
    ("rbac.authorization.k8s.io", "roles", RBAC),
    (
        "scheduling.k8s.io",
        "priorityclasses",
        Strategy { generation: Generation::One, ..Strategy::PLAIN },
    ),
];
