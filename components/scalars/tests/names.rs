//! What upstream says of names that are none.

use scalars::names::{
    c_identifier, config_key, dns_1035_label, dns_label, dns_subdomain, environment_variable,
    header_name, label_value, path_segment, percent, port_name, port_number, qualified_name,
    wildcard_subdomain,
};

#[test]
fn wrong_ones() {
    insta::assert_debug_snapshot!([
        ("dns_label", dns_label("A")),
        ("dns_label", dns_label("a.b")),
        ("dns_label", dns_label(&"a".repeat(64))),
        ("dns_subdomain", dns_subdomain("-a")),
        ("dns_1035_label", dns_1035_label("1a")),
        ("wildcard_subdomain", wildcard_subdomain("a.b")),
        ("qualified_name", qualified_name("")),
        ("qualified_name", qualified_name("a/b/c")),
        ("qualified_name", qualified_name("/a")),
        ("qualified_name", qualified_name("A/b c")),
        ("label_value", label_value("-")),
        ("path_segment", path_segment("a/b%c")),
        ("path_segment", path_segment("..")),
        ("c_identifier", c_identifier("1a")),
        ("environment_variable", environment_variable("a=b")),
        ("config_key", config_key("..a b")),
        ("port_number", port_number(0)),
        ("port_name", port_name("-1--2345678901234")),
        ("header_name", header_name("a b")),
        ("percent", percent("25")),
    ]);
}
