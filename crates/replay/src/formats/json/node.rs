//! A JSON value, as far as a log needs it: of a list only the first element is kept, and nothing is built that is not asked for.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Most members of an object that are kept; a log line has a few dozen.
const MOST_MEMBERS: usize = 512;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    Text(Cow<'a, str>),
    Whole(u64),
    Real(f64),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
    Nothing,
}

impl<'a> Node<'a> {
    /// A member of an object, under the first of several names that it has.
    pub fn get(&self, names: &[&str]) -> Option<&Node<'a>> {
        let Self::Object(members) = self else { return None };
        names.iter().find_map(|name| members.iter().find(|(n, _)| n == name)).map(|(_, node)| node)
    }

    /// A member, whatever the case of its name.
    pub fn get_any_case(&self, name: &str) -> Option<&Node<'a>> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, node)| node)
    }

    /// A text that says something.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(t) if !t.is_empty() && t != "-" => Some(t),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Node<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_borrowed_str<E: Error>(self, v: &'de str) -> Result<Node<'de>, E> {
                Ok(Node::Text(Cow::Borrowed(v)))
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Node<'de>, E> {
                Ok(Node::Text(Cow::Owned(v.to_owned())))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<Node<'de>, E> {
                Ok(Node::Whole(v))
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Node<'de>, E> {
                Ok(Node::Nothing)
            }
            fn visit_f64<E: Error>(self, v: f64) -> Result<Node<'de>, E> {
                Ok(Node::Real(v))
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Node<'de>, E> {
                Ok(Node::Nothing)
            }
            fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
                Ok(Node::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node<'de>, A::Error> {
                let first = seq.next_element()?.unwrap_or(Node::Nothing);
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(first)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(Node::Text(name)) = map.next_key::<Node<'de>>()? {
                    let value = map.next_value()?;
                    if members.len() < MOST_MEMBERS {
                        members.push((name, value));
                    }
                }
                Ok(Node::Object(members))
            }
        }
        d.deserialize_any(Any)
    }
}
