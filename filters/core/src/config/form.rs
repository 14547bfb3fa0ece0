//! A form that a profile allows: which paths take it, and who speaks its fields.

use super::reader::{Reader, Word, choose};
use crate::wire::Role;
use crate::wire::form::{Form, FormKind};

/// Where the schema describes one.
pub(super) const IN_SCHEMA: &str = "/properties/profiles/additionalProperties/properties/forms/items";

const KINDS: &[Word<FormKind>] = &[
    Word { word: "multipart", value: FormKind::Multipart, doc: "multipart/form-data: fields and files." },
    Word { word: "urlencoded", value: FormKind::Urlencoded, doc: "application/x-www-form-urlencoded." },
    Word { word: "text", value: FormKind::Text, doc: "text/plain: the body is one text." },
];

const ROLES: &[Word<Role>] = &[
    Word { word: "user", value: Role::User, doc: "What a person says." },
    Word { word: "system", value: Role::System, doc: "The operator's instructions." },
    Word { word: "document", value: Role::Document, doc: "What is attached or retrieved." },
    Word { word: "tool_result", value: Role::ToolResult, doc: "What a tool answered." },
    Word { word: "embedding_input", value: Role::EmbeddingInput, doc: "Text to embed." },
];

/// Reads one; `None` where it is not whole, which is a problem by then.
pub(super) fn read(r: &mut dyn Reader) -> Option<Form> {
    let path = r.text(
        "path",
        256,
        "the last segments of a path, such as audio/transcriptions",
        &is_path,
        "The last segments of the paths that take it, in lower case. Required.",
    );
    let given = r.has("type");
    let kind = choose(r, "type", KINDS, "How it is written. Required.");
    let role =
        choose(r, "role", ROLES, "Who speaks the body, and the fields that are not named.").unwrap_or(Role::User);
    let mut fields = Vec::new();
    r.map("fields", 64, "Fields by name, with who speaks them. All others are inspected, too.", &mut |name, r| {
        fields.push((name.to_string(), choose(r, "role", ROLES, "Who speaks it.").unwrap_or(Role::User)));
    });
    if !fields.is_empty() && kind == Some(FormKind::Text) {
        r.problem("fields", "name nothing: the body is one text".into(), "leave them out, or say another type".into());
    }
    match (path, kind) {
        (Some(path), Some(kind)) if given => {
            Some(Form { kind, path: path.split('/').map(str::to_string).collect(), role, fields })
        }
        (path, _) => {
            if path.is_none() && !r.has("path") {
                r.problem("path", "is missing".into(), "name the last segments of the paths that take it".into());
            }
            if !given {
                r.problem("type", "is missing".into(), "multipart, urlencoded or text".into());
            }
            None
        }
    }
}

fn is_path(path: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.~".contains(&byte);
    path.split('/').all(|segment| !segment.is_empty() && segment.bytes().all(allowed))
}
