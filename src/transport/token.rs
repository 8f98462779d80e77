//! The API token, wiped from memory when the last request and the last client that hold it are dropped.

use bytes::Bytes;
use reqwest::header::HeaderValue;
use zeroize::{Zeroize, Zeroizing};

const SCHEME: &str = "Bearer ";

/// The value of `Authorization`. Clones and requests share one buffer, which is wiped when the last of them is dropped.
///
/// Other copies cannot be wiped: the buffer into which hyper writes the head of a request, those of TLS and of the operating system,
/// and the string from which the caller made the token, unless it was passed by value.
#[derive(Clone, Debug)]
pub(crate) struct Token(HeaderValue);

impl Token {
    /// Builds the header value. Errors do not quote the token.
    pub(crate) fn new(token: String) -> Result<Self, &'static str> {
        let token = Zeroizing::new(token);
        let trimmed = token.trim();
        if trimmed.is_empty() {
            return Err("the token is empty: set an API token of authentik, or do not set any token");
        }
        let mut value = Vec::with_capacity(SCHEME.len() + trimmed.len());
        value.extend_from_slice(SCHEME.as_bytes());
        value.extend_from_slice(trimmed.as_bytes());
        let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(Wiped(value)))
            .map_err(|_| "the token contains characters that are not allowed in a header: copy it again, without line breaks")?;
        // Keeps it out of `Debug` output, and of HTTP/2's compression tables.
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    pub(super) fn secret(&self) -> Option<&str> {
        std::str::from_utf8(self.0.as_bytes()).ok()?.strip_prefix(SCHEME)
    }
}

/// Bytes that are overwritten before their memory is freed.
struct Wiped(Vec<u8>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_shares_the_buffer_of_the_token() {
        let token = Token::new(" not-a-real-token\n".into()).unwrap();
        assert_eq!(token.secret(), Some("not-a-real-token"));
        assert_eq!(token.header().as_bytes().as_ptr(), token.0.as_bytes().as_ptr());
        assert!(!format!("{token:?} {:?}", token.header()).contains("real"));
    }

    #[test]
    fn a_bad_token_is_not_repeated() {
        for token in ["", " \n", "secret\npart", "s\u{0}cret"] {
            let problem = Token::new(token.into()).unwrap_err();
            assert!(problem.contains("token") && !problem.contains("cret"), "{problem}");
        }
    }

    /// Searches the whole memory of this process for the token.
    #[cfg(all(target_os = "linux", operation = "flows_bindings_list"))]
    #[test]
    fn the_token_is_wiped_with_the_last_client() {
        // Built at run time, and searched for piece by piece, so that the test itself holds no copy.
        let pieces = [format!("wiped-{:x}", fastrand::u128(..)), format!("-{:x}", fastrand::u128(..))];
        let client = crate::Client::builder("https://auth.example.com").token(pieces.concat()).build().unwrap();
        let request = client.flows_bindings_list();
        assert!(occurrences(&pieces) >= 1);
        drop(client);
        assert!(occurrences(&pieces) >= 1, "a request still holds it");
        drop(request);
        assert_eq!(occurrences(&pieces), 0);
    }

    #[cfg(all(target_os = "linux", operation = "flows_bindings_list"))]
    fn occurrences(pieces: &[String; 2]) -> usize {
        use std::io::{Read, Seek, SeekFrom};
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
        let mut found = 0;
        for line in maps.lines().filter(|line| line.contains(" rw-p ") && !line.contains("[v")) {
            let (start, rest) = line.split_once('-').unwrap();
            let end = rest.split_once(' ').unwrap().0;
            let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
            let mut region = vec![0; usize::try_from(end - start).unwrap()];
            if memory.seek(SeekFrom::Start(start)).is_ok() && memory.read_exact(&mut region).is_ok() {
                let first = memchr::memmem::find_iter(&region, pieces[0].as_bytes());
                found += first.filter(|at| region[at + pieces[0].len()..].starts_with(pieces[1].as_bytes())).count();
            }
            region.zeroize();
        }
        found
    }
}
