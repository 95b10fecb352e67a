//! In which form an answer is wanted: the `Accept` header.
//!
//! Two refusals exist, as in the original. Where no media type is taken at all, the router refuses; where
//! a media type is taken but not what it is asked to be (`as=Table;v=v9`), the handler does.

use crate::status::Status;

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// How many clauses of an `Accept` header are looked at. Clients send five at most; a header full of
/// commas should not cost more than reading it.
const CLAUSES_MAX: usize = 32;

/// The encoding of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// JSON, on one line.
    #[default]
    Json,
    /// YAML.
    Yaml,
}

impl Encoding {
    /// The value of `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Yaml => YAML,
        }
    }
}

/// What an object or a list is turned into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// What it is.
    #[default]
    Itself,
    /// A Table of `meta.k8s.io` in this version.
    Table(MetaVersion),
    /// Only the metadata of an object.
    PartialObject(MetaVersion),
    /// Only the metadata of each object of a list.
    PartialList(MetaVersion),
    /// `APIGroupDiscoveryList`, for the two roots of discovery.
    GroupDiscovery,
}

/// A version of `meta.k8s.io`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaVersion {
    /// `v1`.
    V1,
    /// `v1beta1`.
    V1Beta1,
}

impl MetaVersion {
    /// As an `apiVersion`.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "meta.k8s.io/v1",
            Self::V1Beta1 => "meta.k8s.io/v1beta1",
        }
    }
}

/// What an endpoint can answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// An object, a list, a Status; also as a Table or as metadata alone.
    Objects,
    /// A stream of watch events.
    Watch,
    /// The roots of discovery, which also come aggregated.
    Roots,
    /// Documents that have one shape, as the other discovery documents.
    Plain,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// How it is encoded.
    pub encoding: Encoding,
    /// What it is turned into.
    pub shape: Shape,
}

impl Form {
    /// The form in which a refusal is answered: in the encoding that is wanted, and JSON where that is
    /// none of ours.
    pub fn of_errors(accept: &str) -> Self {
        let yaml = clauses(accept)
            .iter()
            .find(|clause| matches!(clause.media, JSON | YAML | "*/*"))
            .is_some_and(|clause| clause.media == YAML);
        let encoding = if yaml { Encoding::Yaml } else { Encoding::Json };
        Self { encoding, shape: Shape::Itself }
    }
}

/// The form an answer is wanted in, or the Status 406. `accept` is the header, several ones joined by
/// commas; empty means that anything is fine.
pub fn negotiate(accept: &str, offer: Offer) -> Result<Form, Status> {
    let clauses = clauses(accept);
    let taken = |media: &str| matches!(media, JSON | YAML | PROTOBUF | "*/*");
    if !clauses.is_empty() && !clauses.iter().any(|clause| taken(clause.media)) {
        return Err(Status::no_media_type(match offer {
            Offer::Watch => concat!(
                "application/json, application/yaml, application/vnd.kubernetes.protobuf, ",
                "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
            ),
            _ => "application/json, application/yaml, application/vnd.kubernetes.protobuf",
        }));
    }
    if clauses.is_empty() {
        return Ok(Form::default());
    }
    for clause in &clauses {
        let encoding = match clause.media {
            JSON | "*/*" => Encoding::Json,
            YAML if offer != Offer::Watch => Encoding::Yaml,
            _ => continue,
        };
        if let Some(shape) = clause.shape(offer) {
            return Ok(Form { encoding, shape });
        }
    }
    Err(Status::not_acceptable(match offer {
        Offer::Watch => {
            "only the following media types are accepted: application/json;stream=watch, \
             application/vnd.kubernetes.protobuf;stream=watch"
        }
        _ => {
            "only the following media types are accepted: application/json, application/yaml, \
             application/vnd.kubernetes.protobuf"
        }
    }))
}

struct Clause<'a> {
    media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    /// In thousandths.
    quality: u32,
}

impl Clause<'_> {
    fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    fn shape(&self, offer: Offer) -> Option<Shape> {
        let (kind, group, version) =
            (self.parameter("as"), self.parameter("g"), self.parameter("v"));
        if kind.is_empty() {
            return Some(Shape::Itself);
        }
        if offer == Offer::Roots {
            let aggregated =
                (kind, group, version) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2");
            return aggregated.then_some(Shape::GroupDiscovery);
        }
        if offer == Offer::Plain || group != "meta.k8s.io" {
            return None;
        }
        let version = match version {
            "v1" => MetaVersion::V1,
            "v1beta1" => MetaVersion::V1Beta1,
            _ => return None,
        };
        match kind {
            "Table" => Some(Shape::Table(version)),
            "PartialObjectMetadata" => Some(Shape::PartialObject(version)),
            "PartialObjectMetadataList" => Some(Shape::PartialList(version)),
            _ => None,
        }
    }
}

/// The clauses, the ones preferred first.
fn clauses(accept: &str) -> Vec<Clause<'_>> {
    let mut clauses: Vec<Clause<'_>> = accept
        .split(',')
        .filter(|text| !text.trim().is_empty())
        .take(CLAUSES_MAX)
        .map(|text| {
            let mut parts = text.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let mut parameters = Vec::new();
            let mut quality = 1000;
            for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                match (key.trim(), value.trim()) {
                    ("q", value) => quality = thousandths(value),
                    parameter => parameters.push(parameter),
                }
            }
            Clause { media, parameters, quality }
        })
        .collect();
    clauses.sort_by_key(|clause| std::cmp::Reverse(clause.quality));
    clauses
}

/// `0.5` is 500. What is no number is as good as 1, as for the original.
fn thousandths(quality: &str) -> u32 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = fraction.get(..3).unwrap_or(fraction);
    let (Ok(whole), Ok(fraction)) = (whole.parse::<u32>(), format!("{digits:0<3}").parse::<u32>())
    else {
        return 1000;
    };
    (whole.min(1) * 1000 + fraction).min(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

    fn form(encoding: Encoding, shape: Shape) -> Result<Form, Status> {
        Ok(Form { encoding, shape })
    }

    #[test]
    fn forms_are_chosen_as_the_api_chooses() {
        let (json, yaml) = (Encoding::Json, Encoding::Yaml);
        let table = Shape::Table(MetaVersion::V1);
        for (accept, offer, wanted) in [
            ("", Offer::Objects, form(json, Shape::Itself)),
            ("*/*", Offer::Objects, form(json, Shape::Itself)),
            ("application/yaml", Offer::Objects, form(yaml, Shape::Itself)),
            ("application/xml, application/json;q=0.5", Offer::Objects, form(json, Shape::Itself)),
            ("application/yaml;q=0.2,application/json", Offer::Objects, form(json, Shape::Itself)),
            (
                "application/vnd.kubernetes.protobuf,application/json",
                Offer::Objects,
                form(json, Shape::Itself),
            ),
            (TABLE, Offer::Objects, form(json, table)),
            (
                "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
                Offer::Objects,
                form(json, Shape::Itself),
            ),
            ("application/json;stream=watch", Offer::Watch, form(json, Shape::Itself)),
            (TABLE, Offer::Watch, form(json, table)),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
                Offer::Roots,
                form(json, Shape::GroupDiscovery),
            ),
        ] {
            assert_eq!(negotiate(accept, offer), wanted, "{accept}");
        }
    }

    #[test]
    fn what_is_not_offered_is_refused_in_two_ways() {
        for (accept, offer, beginning) in [
            (
                "text/html",
                Offer::Objects,
                "406: Not Acceptable\n\nAvailable representations: application/json, a",
            ),
            ("application/*", Offer::Objects, "406: Not Acceptable"),
            (
                "application/json;as=Nosuch;v=v1;g=meta.k8s.io",
                Offer::Objects,
                "only the following media types",
            ),
            (
                "application/json;as=Table;v=v9;g=meta.k8s.io",
                Offer::Objects,
                "only the following media types",
            ),
            (TABLE, Offer::Plain, "only the following media types"),
            (
                "application/yaml",
                Offer::Watch,
                "only the following media types are accepted: application/json;stream=watch",
            ),
            (
                "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
                Offer::Roots,
                "only the following media types",
            ),
        ] {
            let status = negotiate(accept, offer).expect_err(accept);
            assert_eq!(status.code, 406);
            assert!(status.message.starts_with(beginning), "{accept}: {}", status.message);
        }
        assert_eq!(Form::of_errors("application/yaml").encoding, Encoding::Yaml);
        assert_eq!(Form::of_errors("text/html").encoding, Encoding::Json);
    }
}
