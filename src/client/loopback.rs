//! Decides which hosts are this machine: plain HTTP to them exposes nothing. `xtask` compiles this file too.

use std::net::IpAddr;

/// Whether the host of a URL is the loopback interface: `localhost`, `127.0.0.0/8` or `[::1]`.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
