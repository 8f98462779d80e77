//! A decoded response.

use std::ops::{Deref, DerefMut};

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

/// A decoded response, with its status and headers. It dereferences to the decoded body.
#[derive(Clone, Debug)]
pub struct ResponseValue<T> {
    inner: T,
    status: StatusCode,
    headers: HeaderMap,
}

impl<T> ResponseValue<T> {
    pub(crate) fn new(inner: T, status: StatusCode, headers: HeaderMap) -> Self {
        Self { inner, status, headers }
    }

    /// The decoded body, without status and headers.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// The HTTP status, which is always a success (2xx).
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The response headers, including `x-authentik-id`, the request's id in authentik's log.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl<T> Deref for ResponseValue<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for ResponseValue<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T> AsRef<T> for ResponseValue<T> {
    fn as_ref(&self) -> &T {
        &self.inner
    }
}
