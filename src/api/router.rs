//! From a path to an operation.
//!
//! Templates are matched segment by segment; `{repository}` spans slashes, at least two segments.
//! Where several templates fit, the one with the most literal segments wins. A path that only lacks
//! its last slash is answered 308, as Quay does; one with a slash too many is let through.

use super::operation::{Method, Operation};

/// What a path leads to.
pub enum Found {
    /// An operation with the values of its path's names, decoded.
    Operation(&'static Operation, Vec<(&'static str, String)>),
    /// The path exists with a slash at its end.
    NeedsSlash,
    /// The path exists, the method does not.
    WrongMethod,
    /// Nothing.
    Nothing,
}

/// One segment of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(&'static str),
    Name(&'static str),
    Repository(&'static str),
}

struct Route {
    parts: Vec<Part>,
    literals: usize,
    operation: &'static Operation,
}

/// The templates of all operations; made once at start.
pub struct Router {
    routes: Vec<Route>,
}

impl Default for Router {
    fn default() -> Self {
        let mut routes: Vec<Route> = super::list_operations()
            .map(|operation| {
                let parts: Vec<Part> = operation.path.split('/').skip(1).map(read_part).collect();
                let is_literal = |part: &&Part| matches!(part, Part::Literal(_));
                Route {
                    literals: parts.iter().filter(is_literal).count(),
                    parts,
                    operation,
                }
            })
            .collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.literals));
        Self { routes }
    }
}

impl Router {
    /// Finds the operation of a path below `/api/v1`, still encoded.
    #[must_use]
    pub fn find(&self, method: Option<Method>, path: &str) -> Found {
        let mut segments: Vec<&str> = path.split('/').skip(1).collect();
        let exact = self.look_up(method, &segments);
        if !matches!(exact, Found::Nothing) {
            return exact;
        }
        if segments.last() == Some(&"") {
            segments.pop();
            return self.look_up(method, &segments);
        }
        segments.push("");
        match self.look_up(method, &segments) {
            Found::Nothing => Found::Nothing,
            _ => Found::NeedsSlash,
        }
    }

    fn look_up(&self, method: Option<Method>, segments: &[&str]) -> Found {
        let mut has_path = false;
        for route in &self.routes {
            let Some(values) = fit(&route.parts, segments) else {
                continue;
            };
            has_path = true;
            if Some(route.operation.method) == method {
                return Found::Operation(route.operation, values);
            }
        }
        if has_path {
            Found::WrongMethod
        } else {
            Found::Nothing
        }
    }
}

fn read_part(text: &'static str) -> Part {
    let name = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    match name {
        Some(name @ "repository") => Part::Repository(name),
        Some(name) => Part::Name(name),
        None => Part::Literal(text),
    }
}

fn fit(parts: &[Part], segments: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let Some((part, later)) = parts.split_first() else {
        return segments.is_empty().then(Vec::new);
    };
    match part {
        Part::Literal(text) => {
            let (segment, rest) = segments.split_first()?;
            if segment != text {
                return None;
            }
            fit(later, rest)
        }
        Part::Name(name) => {
            let (segment, rest) = segments.split_first()?;
            let value = crate::v2::path::decode(segment).filter(|value| !value.is_empty())?;
            let mut values = fit(later, rest)?;
            values.push((name, value));
            Some(values)
        }
        // The shortest name that lets the rest of the path fit.
        Part::Repository(name) => (2..=segments.len()).find_map(|length| {
            let (taken, rest) = segments.split_at_checked(length)?;
            let mut values = fit(later, rest)?;
            let decoded: Option<Vec<String>> = taken
                .iter()
                .map(|text| crate::v2::path::decode(text))
                .collect();
            values.push((name, decoded?.join("/")));
            Some(values)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Router};
    use crate::api::operation::Method;

    fn id(method: Method, path: &str) -> String {
        match Router::default().find(Some(method), path) {
            Found::Operation(operation, values) => {
                let values: Vec<String> = values.into_iter().map(|(_, value)| value).collect();
                format!("{} {}", operation.id, values.join(","))
            }
            Found::NeedsSlash => "308".to_owned(),
            Found::WrongMethod => "405".to_owned(),
            Found::Nothing => "404".to_owned(),
        }
    }

    #[test]
    fn slashes_at_the_end_are_forgiven_or_asked_for() {
        assert_eq!(id(Method::Post, "/organization/"), "createOrganization ");
        assert_eq!(id(Method::Post, "/organization"), "308");
        assert_eq!(id(Method::Post, "/signin"), "signinUser ");
        assert_eq!(id(Method::Post, "/signin/"), "signinUser ");
        assert_eq!(id(Method::Delete, "/signin"), "405");
        assert_eq!(id(Method::Get, "/no/such/thing"), "404");
    }
}
