//! Names of headers that the `http` crate does not have, parsed when this is compiled and not at every request.

use http::HeaderName;

pub(super) const SEC_CH_UA: HeaderName = HeaderName::from_static("sec-ch-ua");
pub(super) const SEC_CH_UA_PLATFORM: HeaderName = HeaderName::from_static("sec-ch-ua-platform");
pub(super) const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
pub(super) const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
pub(super) const SEC_GPC: HeaderName = HeaderName::from_static("sec-gpc");
pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
