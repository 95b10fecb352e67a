//! Where a selector is looked for: under labels that whoever it selects must have.

use std::collections::HashMap;
use std::sync::Arc;

use portcullis_core::{Labels, Selector};
use smol_str::SmolStr;

use crate::map::Map;

/// Something an endpoint or network set has, and that things are posted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Anchor {
    /// This label.
    Pair(SmolStr, SmolStr),
    /// A label of this key.
    Key(SmolStr),
    /// This profile. No selector asks for one; endpoints are posted under theirs.
    Profile(SmolStr),
}

/// Anchors of which whoever the selector selects has at least one; none if there are no such, as for
/// `all()` and for everything negated. `rarity` says how many have an anchor: of the parts of a
/// conjunction the one that fewest have is taken.
pub(crate) fn anchors(
    selector: &Selector,
    rarity: &dyn Fn(&Anchor) -> usize,
) -> Option<Vec<Anchor>> {
    match selector {
        Selector::Equals(key, value) => Some(vec![Anchor::Pair(key.clone(), value.clone())]),
        Selector::In(key, values) => {
            Some(values.iter().map(|v| Anchor::Pair(key.clone(), v.clone())).collect())
        }
        Selector::Has(key)
        | Selector::Contains(key, _)
        | Selector::StartsWith(key, _)
        | Selector::EndsWith(key, _) => Some(vec![Anchor::Key(key.clone())]),
        Selector::And(all) => all
            .iter()
            .filter_map(|part| anchors(part, rarity))
            .min_by_key(|found| found.iter().map(rarity).fold(0, usize::saturating_add)),
        Selector::Or(any) => {
            let mut all = Vec::new();
            for part in any {
                all.append(&mut anchors(part, rarity)?);
            }
            Some(all)
        }
        Selector::All
        | Selector::Global
        | Selector::Differs(..)
        | Selector::NotIn(..)
        | Selector::Not(_) => None,
    }
}

/// Values by anchor. Keys of labels come first, so that a label is looked up without being copied.
#[derive(Clone, Debug)]
pub(crate) struct ByAnchor<V> {
    labels: Map<SmolStr, OfKey<V>>,
    profiles: Map<SmolStr, V>,
}

/// What is under one key of labels.
#[derive(Clone, Debug)]
struct OfKey<V> {
    any: Option<V>,
    values: Map<SmolStr, V>,
}

impl<V> Default for ByAnchor<V> {
    fn default() -> Self {
        Self { labels: Map::default(), profiles: Map::default() }
    }
}

impl<V: Clone> ByAnchor<V> {
    pub(crate) fn get(&self, anchor: &Anchor) -> Option<&V> {
        match anchor {
            Anchor::Pair(key, value) => self.labels.get(key)?.values.get(value),
            Anchor::Key(key) => self.labels.get(key)?.any.as_ref(),
            Anchor::Profile(name) => self.profiles.get(name),
        }
    }

    /// What is under the key of a label, and under the label.
    pub(crate) fn of_label(&self, key: &str, value: &str) -> impl Iterator<Item = &V> {
        let of_key = self.labels.get(key);
        let pair = of_key.and_then(|of_key| of_key.values.get(value));
        of_key.and_then(|of_key| of_key.any.as_ref()).into_iter().chain(pair)
    }

    /// Puts a value under an anchor; none takes away what is there.
    pub(crate) fn put(&mut self, anchor: Anchor, value: Option<V>) {
        let (key, of_value) = match anchor {
            Anchor::Profile(name) => {
                set(&mut self.profiles, name, value);
                return;
            }
            Anchor::Pair(key, of_value) => (key, Some(of_value)),
            Anchor::Key(key) => (key, None),
        };
        if self.labels.get(&key).is_none() {
            let nothing = OfKey { any: None, values: Map::default() };
            self.labels.insert_mut(key.clone(), nothing);
        }
        let Some(of_key) = self.labels.get_mut(&key) else { return };
        match of_value {
            Some(of_value) => set(&mut of_key.values, of_value, value),
            None => of_key.any = value,
        }
    }
}

fn set<V>(map: &mut Map<SmolStr, V>, key: SmolStr, value: Option<V>) {
    match value {
        Some(value) => map.insert_mut(key, value),
        None => {
            map.remove_mut(&key);
        }
    }
}

impl<V: Clone> FromIterator<(Anchor, V)> for ByAnchor<V> {
    fn from_iter<I: IntoIterator<Item = (Anchor, V)>>(all: I) -> Self {
        let mut made = Self::default();
        all.into_iter().for_each(|(anchor, value)| made.put(anchor, Some(value)));
        made
    }
}

/// Things posted under anchors of their selectors.
#[derive(Clone, Debug)]
pub(crate) struct Anchored<T> {
    under: ByAnchor<Arc<[T]>>,
    /// Those without an anchor: they are tried on everybody.
    rest: Arc<[T]>,
}

impl<T> Default for Anchored<T> {
    fn default() -> Self {
        Self { under: ByAnchor::default(), rest: Arc::from([]) }
    }
}

impl<T: Copy + PartialEq> Anchored<T> {
    pub(crate) fn new(all: Vec<(Option<Vec<Anchor>>, T)>) -> Self {
        let mut under: HashMap<Anchor, Vec<T>> = HashMap::new();
        let mut rest = Vec::new();
        for (anchors, thing) in all {
            match anchors {
                Some(anchors) => {
                    for anchor in anchors {
                        let list = under.entry(anchor).or_default();
                        if list.last() != Some(&thing) {
                            list.push(thing);
                        }
                    }
                }
                None => rest.push(thing),
            }
        }
        Self { under: under.into_iter().map(|(a, l)| (a, l.into())).collect(), rest: rest.into() }
    }

    pub(crate) fn put(&mut self, anchors: Option<Vec<Anchor>>, thing: T) {
        let with = |list: &[T]| -> Arc<[T]> { list.iter().copied().chain([thing]).collect() };
        let Some(anchors) = anchors else {
            self.rest = with(&self.rest);
            return;
        };
        for anchor in anchors {
            let list = with(self.under.get(&anchor).map_or(&[], |list| list));
            self.under.put(anchor, Some(list));
        }
    }

    /// Takes a thing away that was put under one of these anchors, or under none.
    pub(crate) fn take(&mut self, anchors: Option<Vec<Anchor>>, thing: T) {
        let without =
            |list: &[T]| -> Arc<[T]> { list.iter().copied().filter(|t| *t != thing).collect() };
        if self.rest.contains(&thing) {
            self.rest = without(&self.rest);
        }
        for anchor in anchors.into_iter().flatten() {
            let Some(list) = self.under.get(&anchor).filter(|list| list.contains(&thing)) else {
                continue;
            };
            let list = without(list);
            self.under.put(anchor, (!list.is_empty()).then_some(list));
        }
    }

    /// Everything whose selector may select something with these labels; some of it twice.
    pub(crate) fn candidates<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = T> + 'a {
        let under = labels.iter().flat_map(|(key, value)| self.under.of_label(key, value));
        under.flat_map(|list| list.iter()).chain(self.rest.iter()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs are rarer than keys, and `rare` is the rarest.
    fn check(selector: &str, want: &str) {
        let rarity = |anchor: &Anchor| match anchor {
            Anchor::Pair(key, _) if key == "rare" => 1,
            Anchor::Pair(..) => 10,
            Anchor::Key(_) | Anchor::Profile(_) => 100,
        };
        let selector = Selector::parse(selector).expect("a selector");
        let found = anchors(&selector, &rarity).map(|all| {
            let shown = all.iter().map(|anchor| match anchor {
                Anchor::Pair(k, v) => format!("{k}={v}"),
                Anchor::Key(k) => k.to_string(),
                Anchor::Profile(_) => unreachable!("no selector asks for a profile"),
            });
            shown.collect::<Vec<_>>().join(" ")
        });
        assert_eq!(found.as_deref().unwrap_or("everybody"), want, "{selector}");
    }

    #[test]
    fn whoever_is_selected_has_one_of_the_anchors() {
        check("a == 'b'", "a=b");
        check("a in {'b', 'c'}", "a=b a=c");
        check("a starts with 'b'", "a");
        check("has(a) && b == 'c' && rare == 'd'", "rare=d");
        check("a == 'b' || has(c)", "a=b c");
        check("a == 'b' || a != 'c'", "everybody");
        check("a == 'b' && (c == 'd' || !has(e))", "a=b");
        check("!(a == 'b')", "everybody");
        check("a not in {'b'}", "everybody");
        check("all()", "everybody");
    }
}
