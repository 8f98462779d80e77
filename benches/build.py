#!/usr/bin/env python3
"""Measures what a downstream crate costs to build, compared with `authentik-client`: CPU seconds and the peak memory of one process.

    python3 benches/build.py                 # every program in CRATES, in dev and in release
    python3 benches/build.py dev fast        # one profile, one program

Builds are cold (an empty target folder), offline (crates are downloaded first) and not incremental. CPU seconds are those of
cargo and all of its children, so other work on the machine hardly changes them. Needs Linux or macOS.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OURS = f'authentik-flow-bindings = {{ path = "{ROOT}", %s }}'
LIST_OURS = """
    let client = authentik_flow_bindings::Client::from_env().unwrap();
    println!("{}", client.flows_bindings_list().paginate().await.unwrap().len());
"""
LIST_THEIRS = """
    let configuration = authentik_client::apis::configuration::Configuration::new();
    let page = authentik_client::apis::flows_api::flows_bindings_list(
        &configuration, None, None, None, None, None, None, None, None, None, None, None, None, None, None,
    ).await.unwrap();
    println!("{}", page.results.len());
"""
# reqwest with each crypto provider of rustls: ring and aws-lc.
REQWEST = 'reqwest = { version = "0.13.5", default-features = false, features = ["%s"] }'
RUSTLS = '\nrustls = { version = "0.23.46", default-features = false, features = ["ring", "std", "tls12"] }'
GET = """
    println!("{}", reqwest::get("https://auth.example.com").await.unwrap().status());
"""
# The dependency and the code of each program. The others are compared with the first.
CRATES = {
    "theirs": ('authentik-client = { version = "=2026.8.5", default-features = false, features = ["rustls"] }', LIST_THEIRS),
    "fast": (OURS % 'default-features = false, features = ["rustls"]', LIST_OURS),
    "default": (OURS % "", LIST_OURS),
    "fast+testing": (OURS % 'default-features = false, features = ["rustls", "testing"]', LIST_OURS),
    "fast+tracing": (OURS % 'default-features = false, features = ["rustls", "tracing"]', LIST_OURS),
    "fast+schemars": (OURS % 'default-features = false, features = ["rustls", "schemars"]', LIST_OURS),
    "fast+blocking": (OURS % 'default-features = false, features = ["rustls", "blocking"]', LIST_OURS),
    "fast+generate": (OURS % 'default-features = false, features = ["rustls", "generate"]', LIST_OURS),
    "reqwest with ring": (REQWEST % "rustls-no-provider" + RUSTLS, GET),
    "reqwest with aws-lc": (REQWEST % "rustls", GET),
}
PROFILES = {"dev": [], "release": ["--release"]}


def write_project(folder: pathlib.Path, dependency: str, body: str) -> None:
    (folder / "src").mkdir(parents=True)
    (folder / "src/main.rs").write_text(f"#[tokio::main]\nasync fn main() {{{body}}}\n")
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "downstream"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n'
        f'{dependency}\ntokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}\n'
    )
    # The versions that this repository is tested with, for crates that both use.
    shutil.copy(ROOT / "Cargo.lock", folder)


def measure(folder: pathlib.Path, arguments: list[str]) -> tuple[float, float]:
    """CPU seconds, and the peak memory of the largest process in GB."""
    environment = os.environ | {"CARGO_INCREMENTAL": "0", "CARGO_TARGET_DIR": str(folder / "target")}
    command = ["cargo", "build", "--quiet", "--offline", *arguments]
    child = subprocess.Popen(command, cwd=folder, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(folder / "target", ignore_errors=True)
    if child.returncode != 0:
        sys.exit(f"`{' '.join(command)}` failed in a project with\n{(folder / 'Cargo.toml').read_text()}")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e9


def main() -> None:
    unknown = set(sys.argv[1:]) - CRATES.keys() - PROFILES.keys()
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; use any of {', '.join([*PROFILES, *CRATES])}")
    chosen = [name for name in CRATES if name in sys.argv] or list(CRATES)
    profiles = [name for name in PROFILES if name in sys.argv] or list(PROFILES)
    print("| crate | profile | CPU seconds | ratio | peak memory of one process |\n| --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for name in chosen:
            folder = pathlib.Path(temporary) / name
            write_project(folder, *CRATES[name])
            subprocess.run(["cargo", "fetch", "--quiet"], cwd=folder, check=True)
        for profile in profiles:
            base = None
            for name in chosen:
                seconds, peak = measure(pathlib.Path(temporary) / name, PROFILES[profile])
                base = base or seconds
                print(f"| {name} | {profile} | {seconds:.1f} | {seconds / base:.2f} | {peak:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
