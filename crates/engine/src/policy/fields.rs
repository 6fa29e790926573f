//! Fields of a person and sets of them.

use serde::Deserialize;

use crate::doors::{Sensitivity, SensitivitySet};

/// A piece of a person's information.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// `name`, `email`, ...
    pub name: String,
    /// How sensitive.
    pub sensitivity: Sensitivity,
}

/// Most fields a site may have: a set of them is one machine word.
pub const MAX_FIELDS: usize = 64;

/// A set of a site's fields: bit `i` is `site.fields[i]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct FieldSet(pub u64);

impl FieldSet {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// The set of one field.
    #[must_use]
    pub fn of(index: usize) -> Self {
        debug_assert!(index < MAX_FIELDS);
        Self(1 << index)
    }
    /// Both together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// What is here and not in `other`.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// Whether field `index` is in the set.
    #[must_use]
    pub fn has(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }
    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Indices of the members, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let index = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (index < MAX_FIELDS).then_some(index)
        })
    }
    /// The same fields as another list numbers them: `names` are those of this set, and `place` says where a name stands
    /// there. What has no name or no place is left out.
    #[must_use]
    pub fn renumbered(self, names: &[String], place: impl Fn(&str) -> Option<usize>) -> Self {
        let places = self.iter().filter_map(|i| place(names.get(i)?));
        places.fold(Self::NONE, |set, i| set.union(Self::of(i)))
    }
    /// The sensitivities of the members.
    #[must_use]
    pub fn sensitivities(self, fields: &[Field]) -> SensitivitySet {
        self.iter().filter_map(|i| fields.get(i)).fold(SensitivitySet::NONE, |set, f| set.with(f.sensitivity))
    }
    /// The members whose sensitivity is in `set`.
    #[must_use]
    pub fn of_sensitivities(self, fields: &[Field], set: SensitivitySet) -> Self {
        Self(self.iter().filter(|i| fields.get(*i).is_some_and(|f| set.has(f.sensitivity))).fold(0, |b, i| b | 1 << i))
    }
}
