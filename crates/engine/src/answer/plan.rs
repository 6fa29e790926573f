//! A route's line of the people map, compiled once and shared by all its responses.

use std::sync::Arc;

use super::AnswerError;
use super::identifier::Pattern;
use super::mask::Label;
use super::selector::Selectors;
use crate::policy::{FieldSet, FieldSource, JsonPath, PersonSource, Route, Site, Step};

/// How one route is read.
#[derive(Debug)]
pub struct Plan {
    fields: usize,
    declared: FieldSet,
    by_item: bool,
    pub(super) max_body_bytes: usize,
    pub(super) labels: Arc<[Label]>,
    pub(super) html: Option<Arc<HtmlPlan>>,
    pub(super) json: Option<Arc<JsonPlan>>,
}

/// What an element that a selector hits is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// One person.
    Item,
    /// Holds the identifier of the item around it.
    Id,
    /// Holds a field.
    Field {
        /// Index into `site.fields`.
        field: u8,
        /// Only in this attribute.
        attribute: bool,
    },
}

/// One selector.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) role: Role,
    /// The attribute a field is in; empty for a whole element.
    pub(super) attribute: String,
}

/// The route's sources in HTML.
#[derive(Debug)]
pub(super) struct HtmlPlan {
    pub(super) hits: Vec<Hit>,
    /// Which elements they are, by their index in `hits`.
    pub(super) selectors: Arc<Selectors>,
    /// Attribute and pattern of the identifier, and whether the item itself carries it.
    pub(super) id: Option<(String, Pattern, bool)>,
}

/// What a JSON path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Item,
    Id,
    Field(u8),
}

/// The route's sources in JSON.
#[derive(Debug)]
pub(super) struct JsonPlan {
    pub(super) paths: Vec<(Target, Vec<Step>)>,
}

impl Plan {
    /// Compiles the sources of one route.
    ///
    /// # Errors
    /// [`AnswerError::Selector`] and [`AnswerError::Pattern`] say which line of the map cannot be used;
    /// [`AnswerError::Plan`] for a route that the site does not have.
    pub fn compile(site: &Site, route: usize) -> Result<Self, AnswerError> {
        let route = site.routes.get(route).ok_or(AnswerError::Plan)?;
        let has = |want: fn(&FieldSource) -> bool| route.fields.iter().flat_map(|r| &r.at).any(want);
        let in_html = has(|s| matches!(s, FieldSource::Html { .. }));
        let in_json = has(|s| matches!(s, FieldSource::Json { .. }));
        // A route without any field has nothing to mask and fits both.
        let (html, json) = match route.person {
            PersonSource::Html { .. } => (true, false),
            PersonSource::Json { .. } => (false, true),
            PersonSource::Path | PersonSource::Header => (in_html || !in_json, in_json || !in_html),
        };
        let mut declared = FieldSet::NONE;
        for r in &route.fields {
            if r.field >= site.fields.len() {
                return Err(AnswerError::Plan);
            }
            declared = declared.union(FieldSet::of(r.field));
        }
        Ok(Self {
            fields: site.fields.len(),
            declared,
            by_item: matches!(route.person, PersonSource::Html { .. } | PersonSource::Json { .. }),
            max_body_bytes: route.max_body_bytes,
            labels: site.fields.iter().map(|f| Label::new(&f.name)).collect(),
            html: html.then(|| HtmlPlan::compile(route).map(Arc::new)).transpose()?,
            json: json.then(|| Arc::new(JsonPlan::compile(route))),
        })
    }

    /// The fields the route declares, wherever they are.
    #[must_use]
    pub fn declared(&self) -> FieldSet {
        self.declared
    }

    /// Whether each item of the body is a person of its own.
    pub(super) fn by_item(&self) -> bool {
        self.by_item
    }

    pub(super) fn check(&self, site: &Site) -> Result<(), AnswerError> {
        if self.fields == site.fields.len() { Ok(()) } else { Err(AnswerError::Plan) }
    }
}

impl HtmlPlan {
    fn compile(route: &Route) -> Result<Self, AnswerError> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut selectors = Selectors::default();
        let mut add = |text: &str, role: Role, attribute: &str| {
            let number = u16::try_from(hits.len()).map_err(|_| AnswerError::Plan)?;
            selectors.add(text, number).map_err(|why| AnswerError::Selector {
                route: route.name.clone(),
                selector: text.to_owned(),
                why,
            })?;
            hits.push(Hit { role, attribute: attribute.to_ascii_lowercase() });
            Ok(())
        };
        let mut identifier = None;
        if let PersonSource::Html { item, id, attribute, pattern } = &route.person {
            add(item, Role::Item, "")?;
            if let Some(id) = id {
                add(id, Role::Id, "")?;
            }
            let pattern = Pattern::new(pattern, attribute)
                .map_err(|e| AnswerError::Pattern { route: route.name.clone(), why: e.to_string() })?;
            identifier = Some((attribute.to_ascii_lowercase(), pattern, id.is_none()));
        }
        for reading in &route.fields {
            for source in &reading.at {
                if let FieldSource::Html { selector, attribute } = source {
                    let field = u8::try_from(reading.field).map_err(|_| AnswerError::Plan)?;
                    let role = Role::Field { field, attribute: attribute.is_some() };
                    add(selector, role, attribute.as_deref().unwrap_or_default())?;
                }
            }
        }
        Ok(Self { hits, selectors: Arc::new(selectors), id: identifier })
    }
}

impl JsonPlan {
    fn compile(route: &Route) -> Self {
        let mut paths = Vec::new();
        if let PersonSource::Json { item: JsonPath(item), id: JsonPath(id) } = &route.person {
            paths.push((Target::Item, item.clone()));
            paths.push((Target::Id, id.clone()));
        }
        for reading in &route.fields {
            for source in &reading.at {
                if let (FieldSource::Json { path: JsonPath(steps) }, Ok(field)) = (source, u8::try_from(reading.field))
                {
                    paths.push((Target::Field(field), steps.clone()));
                }
            }
        }
        Self { paths }
    }
}
