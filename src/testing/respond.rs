//! Responds to one request, according to its list operation, row and method.

use serde_json::{Map, Value, json};

use super::fault::HTML;
use super::http;
use super::list::{self, ErrorResponse};
use super::query::Query;
use super::state::{ReceivedRequest, State, TOKEN};

/// The path of authentik's API.
const PREFIX: &str = "/api/v3";

impl State {
    pub(super) fn respond(&mut self, received: &ReceivedRequest, request: &http::Request) -> http::Response {
        let (status, mut body) = self.handle(received, request).unwrap_or_else(|error| error);
        if let Some(tamper) = self.tamper.as_mut().filter(|_| status == 200) {
            tamper(received, &mut body);
        }
        let (kind, body) = match body {
            _ if status == 204 => ("application/json; charset=utf-8", String::new()),
            Value::Null => ("text/html; charset=utf-8", HTML.to_owned()),
            body => ("application/json; charset=utf-8", body.to_string()),
        };
        let id = format!("{:032x}", received.number);
        let headers = vec![("content-type".into(), kind.into()), ("x-authentik-id".into(), id)];
        http::Response { status, headers, body: body.into_bytes() }
    }

    fn handle(&mut self, received: &ReceivedRequest, request: &http::Request) -> Result<(u16, Value), ErrorResponse> {
        let path = received.path.strip_prefix(PREFIX).unwrap_or_default();
        let (id, key) = self.rows.at(path).ok_or((404, Value::Null))?;
        let methods: &[_] = if key.is_some() { &["GET", "HEAD", "PUT", "PATCH", "DELETE"] } else { &["GET", "HEAD", "POST"] };
        check(received, request, methods)?;
        match (received.method.as_str(), key) {
            ("POST", _) => self.create(id, &request.body),
            (_, None) => self.list(received, id).map(|body| (200, body)),
            (method, Some(key)) => self.row(method, id, key, &request.body),
        }
    }

    fn list(&mut self, received: &ReceivedRequest, id: &str) -> Result<Value, ErrorResponse> {
        let query = Query(&received.query);
        let counted = list::count(&query, self.rows.table(id).ok_or_else(no_such_row)?, &self.pages)?;
        for change in self.between_count_and_select.remove(&received.number).unwrap_or_default() {
            change(&mut self.rows);
        }
        let table = self.rows.table(id).ok_or_else(no_such_row)?;
        let selected = list::select(&counted, &query, table, table.order_rules(self.release), &mut self.sorted)?;
        let rows = selected.rows.into_iter().filter_map(|row| table.get(row, self.release));
        Ok(self.pages.body(rows.collect(), selected.pagination))
    }

    fn create(&mut self, id: &str, body: &[u8]) -> Result<(u16, Value), ErrorResponse> {
        let table = self.rows.table_mut(id).ok_or_else(no_such_row)?;
        let row = table.create(object(body)?)?;
        Ok((201, table.get(row, self.release).unwrap_or_default()))
    }

    fn row(&mut self, method: &str, id: &str, key: &str, body: &[u8]) -> Result<(u16, Value), ErrorResponse> {
        let table = self.rows.table_mut(id).ok_or_else(no_such_row)?;
        let row = table.find(key).ok_or_else(no_such_row)?;
        match method {
            "DELETE" => {
                table.delete(row);
                return Ok((204, Value::Null));
            }
            "PUT" | "PATCH" => table.change(row, object(body)?)?,
            _ => {}
        }
        Ok((200, table.get(row, self.release).unwrap_or_default()))
    }
}

fn no_such_row() -> ErrorResponse {
    (404, json!({ "detail": "Not found." }))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, ErrorResponse> {
    serde_json::from_slice(body).map_err(|error| (400, json!({ "detail": format!("JSON parse error - {error}") })))
}

/// Rejects requests as authentik does before it parses the query.
fn check(received: &ReceivedRequest, request: &http::Request, methods: &[&str]) -> Result<(), ErrorResponse> {
    let detail = |status: u16, detail: String| Err((status, json!({ "detail": detail })));
    let accept = received.headers.get("accept").map_or("*/*", String::as_str);
    if !["*/*", "application/*", "application/json"].iter().any(|kind| accept.contains(kind)) {
        return detail(406, "Could not satisfy the request Accept header.".into());
    }
    match request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        None => detail(403, "Authentication credentials were not provided.".into()),
        Some(token) if token != TOKEN => detail(403, "Token invalid/expired".into()),
        Some(_) if !methods.contains(&received.method.as_str()) => detail(405, format!("Method \"{}\" not allowed.", received.method)),
        Some(_) => Ok(()),
    }
}
