//! The disguises that a text is tried in: the recipes of the stage's own test, and the texts of `tests/cases/disguises`.

#[allow(dead_code, reason = "how much a recipe loses is only asked where it is tested against the rules")]
#[path = "../../../filters/prompt-guard/tests/recipes/mod.rs"]
mod recipes;

use recipes::{RECIPES, Reach, Recipe};

use crate::cases::{self, Texts};

/// One disguise, or none.
#[derive(Clone, Copy)]
pub struct Disguise(Option<&'static Recipe>);

/// Every disguise; the first leaves a text as it is.
pub fn all() -> Vec<Disguise> {
    [Disguise(None)].into_iter().chain(RECIPES.iter().map(|recipe| Disguise(Some(recipe)))).collect()
}

impl Disguise {
    /// Unique.
    pub fn name(self) -> &'static str {
        self.0.map_or("none", |recipe| recipe.name)
    }

    /// The text in this disguise.
    pub fn apply(self, text: &str) -> String {
        self.0.map_or_else(|| text.to_owned(), |recipe| (recipe.apply)(text))
    }

    /// Whether it can write the letters of a text.
    pub fn reaches(self, text: &str) -> bool {
        self.0.is_none_or(|recipe| recipe.reach == Reach::Any) || text.is_ascii()
    }
}

/// The attacks that must be refused in each disguise, and their twins.
pub fn texts() -> Vec<Texts> {
    let file = cases::folder().join("disguises/texts.jsonl");
    let rows = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    rows.lines()
        .map(|row| Texts::of(&serde_json::from_str(row).unwrap_or_else(|e| panic!("texts.jsonl: {e}"))))
        .collect()
}
