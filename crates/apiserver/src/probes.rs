//! What is answered before there is an API: health and version.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use crate::http::{Request, Response, Service};

/// Answers `/livez`, `/readyz`, `/healthz` and `/version`.
pub struct Probes;

impl Service for Probes {
    async fn call(&self, request: Request) -> Response {
        let json = HeaderValue::from_static("application/json");
        let response = match request.uri.path() {
            "/livez" | "/readyz" | "/healthz" => Response::text(StatusCode::OK, "ok"),
            "/version" => Response::new(
                StatusCode::OK,
                "{\"major\":\"1\",\"minor\":\"35\",\"gitVersion\":\"v1.35.4\"}",
            )
            .header(CONTENT_TYPE, json),
            _ => Response::text(StatusCode::NOT_FOUND, "404 page not found\n"),
        };
        response.header(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"))
    }
}
