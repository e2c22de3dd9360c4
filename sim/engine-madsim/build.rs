//! Refuses to build against the wrong madsim: without its cfg the crate is a wrapper of real tokio.

fn main() {
    println!("cargo::rerun-if-env-changed=CARGO_CFG_MADSIM");
    println!("cargo::rerun-if-env-changed=RUSTC_WRAPPER");
    if std::env::var_os("CARGO_CFG_MADSIM").is_none() {
        println!(
            "cargo::error=`--cfg madsim` is missing: build.rustc-wrapper in .cargo/config.toml sets \
             it for the crate madsim, and the environment variable RUSTC_WRAPPER (or a config.toml \
             nearer by) replaces that. Unset RUSTC_WRAPPER, or set RUSTFLAGS=\"--cfg madsim\"."
        );
    }
}
