//! The target of a request: host and path.

use super::response::Response;

/// Splits a target in absolute form, `http://host/path`, into host and path.
pub(super) fn authority(target: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = target.split_at_checked("http://".len())?;
    if !scheme.eq_ignore_ascii_case("http://") {
        return None;
    }
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    Some((host, if path.starts_with('/') { path } else { "/" }))
}

/// Splits and decodes the path of a request. The query is dropped, because nothing reads it.
///
/// A part that could lead out of the site is rejected, however it is encoded.
pub(super) fn path(target: &str) -> Result<Vec<String>, Response> {
    let refusal = || Response::refusal(400, "this path leads out of the site");
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let path = path.strip_prefix('/').ok_or_else(refusal)?;
    let mut parts = Vec::new();
    for part in path.split('/') {
        let part = decoded(part).ok_or_else(refusal)?;
        let is_plain = !part.starts_with('.') && !part.contains(['/', '\\', '\0']);
        if !is_plain {
            return Err(refusal());
        }
        parts.push(part);
    }
    // `/runs/a/b/` and `/` end in an empty part. Anywhere else, an empty part is rejected.
    if parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    if parts.iter().any(String::is_empty) { Err(refusal()) } else { Ok(parts) }
}

/// Decodes percent-encoding, once.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push(u8::try_from(16 * digit(*high)? + digit(*low)?).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_path_are_decoded() {
        let parts = |target: &str| path(target).map_err(|_| ()).unwrap();
        assert_eq!(parts("/"), [""; 0]);
        assert_eq!(parts("/runs/a%20b/%CF%87/?q=../x"), ["runs", "a b", "χ"]);
    }

    #[test]
    fn a_target_in_absolute_form_names_its_host() {
        assert_eq!(authority("http://localhost:80/runs/?q"), Some(("localhost:80", "/runs/?q")));
        assert_eq!(authority("HTTP://evil.com"), Some(("evil.com", "/")));
        assert_eq!(authority("http://evil.com?/x"), Some(("evil.com", "/")));
        for target in ["/", "/http://x", "https://localhost/", "localhost:80", "*", "http:/é"] {
            assert_eq!(authority(target), None, "{target}");
        }
    }

    #[test]
    fn paths_that_could_lead_elsewhere_are_rejected() {
        for target in [
            "../x",
            "http://x/y",
            "/..",
            "/runs/../x",
            "/runs/%2e%2e/x",
            "/runs/.%2E/x",
            "//etc/passwd",
            "/runs//x",
            "/runs/a%2fb",
            "/runs/a%2Fb",
            "/runs/%5c%5cx",
            "/runs/%00",
            "/runs/%",
            "/runs/%g0",
            "/runs/%2",
            "/runs/%ff",
            "/.git",
            "/runs/.hidden",
            "*",
        ] {
            assert!(path(target).is_err(), "{target}");
        }
        // Decoded once, so this is a name with a percent sign, which no run has.
        assert_eq!(path("/%252e%252e").map_err(|_| ()).unwrap(), ["%2e%2e"]);
    }
}
