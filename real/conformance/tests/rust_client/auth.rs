//! Users and roles.

use crate::connect;
use conformance::member::Member;
use etcd_client::{Client, Permission, PermissionType};

pub(crate) async fn conversation(members: &[Member], mut client: Client) {
    client.user_add("root", "rootpw", None).await.expect("a user");
    client.role_add("root").await.expect("a role");
    client.user_grant_role("root", "root").await.expect("a grant");
    client.user_add("ann", "annpw", None).await.expect("a user");
    client.role_add("reader").await.expect("a role");
    let permission = Permission::new(PermissionType::Read, "open/").with_prefix();
    client.role_grant_permission("reader", permission).await.expect("a permission");
    client.user_grant_role("ann", "reader").await.expect("a grant");
    client.put("open/a", "1", None).await.expect("put");
    client.put("secret", "1", None).await.expect("put");
    client.auth_enable().await.expect("authentication can be switched on");

    let refused = client.put("open/a", "2", None).await.expect_err("nobody").to_string();
    assert!(refused.contains("user name is empty"), "{refused}");
    let wrong = connect(members, Some(("ann", "guess"))).await.err().expect("refused").to_string();
    assert!(wrong.contains("authentication failed, invalid user ID or password"), "{wrong}");

    let mut ann = connect(members, Some(("ann", "annpw"))).await.expect("ann connects");
    assert_eq!(ann.get("open/a", None).await.expect("get").kvs()[0].value(), b"1");
    for refused in [
        ann.get("secret", None).await.err(),
        ann.put("open/a", "2", None).await.err(),
        ann.user_list().await.err(),
        ann.auth_disable().await.err(),
    ] {
        let refused = refused.expect("not permitted").to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }

    let mut root = connect(members, Some(("root", "rootpw"))).await.expect("root connects");
    let users = root.user_list().await.expect("the list");
    assert_eq!(users.users(), ["ann", "root"]);
    assert_eq!(root.role_get("reader").await.expect("a role").permissions().len(), 1);
    root.user_revoke_role("ann", "reader").await.expect("a revocation");
    // The old token is of an older revision of the users: the client is refused until it asks again.
    assert!(ann.get("open/a", None).await.is_err());
    root.user_change_password("ann", "new").await.expect("a new password");
    connect(members, Some(("ann", "new"))).await.expect("ann connects again");
    // A token of one member is known to all: the client turns from one to the next.
    for _ in 0..10 {
        let mut ann = connect(members, Some(("ann", "new"))).await.expect("ann connects");
        for _ in members {
            let refused = ann.get("open/a", None).await.expect_err("no role any more").to_string();
            assert!(refused.contains("permission denied"), "{refused}");
        }
    }
    root.role_delete("reader").await.expect("a role can be deleted");
    root.user_delete("ann").await.expect("a user can be deleted");
    root.auth_disable().await.expect("authentication can be switched off");
    client.put("open/a", "3", None).await.expect("anybody again");
}
