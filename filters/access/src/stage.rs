//! The stage: who asks, by the head; for what, by the body.

use std::sync::Arc;

use portcullis_core::config::{Reader, normal_path};
use portcullis_core::head::Head;
use portcullis_core::stage::{self, Request, Settings, Stage};
use portcullis_core::store::World;
use portcullis_core::subject::{Found, Known, Named, matches};
use portcullis_core::telemetry::Counter;
use portcullis_core::verdict::{Judge, Opinion, Verdict};
use portcullis_core::wire::{detect, model_in_path, model_name};

use crate::settings::{self, Endpoint, Grants, Rule, Shared};
use crate::wanted::{Wanted, wanted};

/// The stage that grants access.
pub struct Access;

/// What a module lists.
pub static ACCESS: Access = Access;

impl stage::Kind for Access {
    fn key(&self) -> &'static str {
        "access"
    }

    fn doc(&self) -> &'static str {
        "Grants models, endpoints, tools and lengths of answers to whom you name, and refuses the rest. It runs in profiles \
         that have this section."
    }

    fn by_default(&self) -> bool {
        false
    }

    fn read(&self, section: &mut dyn Reader) -> Box<dyn Settings> {
        Box::new(Shared(Arc::new(settings::read(section))))
    }
}

/// Why a rule does not grant a request, from the first thing that is asked to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lacks {
    Caller,
    Endpoint,
    Model,
    Tool,
    Output,
}

impl Lacks {
    const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Endpoint => "endpoint",
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Output => "output",
        }
    }
}

/// One exchange.
pub(crate) struct Granting {
    grants: Arc<Grants>,
    granted: bool,
}

impl Granting {
    pub(crate) fn new(grants: Arc<Grants>) -> Self {
        Self { grants, granted: false }
    }

    /// Weighs every rule by `asks`, and refuses when none grants.
    fn weigh(&self, asks: impl Fn(&Rule) -> Result<(), Lacks>) -> Opinion {
        // Of what the rules lack, that of the rule that came furthest is told.
        let mut lacks: Option<(Lacks, &Rule)> = None;
        for rule in &self.grants.rules {
            match asks(rule) {
                Ok(()) => return Opinion::default(),
                Err(why) if lacks.is_none_or(|(known, _)| why > known) => lacks = Some((why, rule)),
                Err(_) => {}
            }
        }
        let Some((why, rule)) = lacks else { return Opinion::default() };
        Opinion {
            verdict: Verdict::Block,
            judge: Judge::Access,
            policy: (why > Lacks::Caller).then(|| Arc::clone(&rule.name)),
            counts: vec![Counter::Denied(why.name())],
            ..Opinion::default()
        }
    }
}

fn calls(rule: &Rule, known: &Known<'_>) -> Result<(), Lacks> {
    let holds = rule.when.iter().all(|part| matches!(part.find(known), Found::Value(_)));
    if !holds {
        return Err(Lacks::Caller);
    }
    let Some(endpoints) = &rule.endpoints else { return Ok(()) };
    let path = normal_path(known.head.path());
    let dialect = detect(known.head.path(), known.head.get("anthropic-version").is_some());
    let meant = |endpoint: &Endpoint| match endpoint {
        Endpoint::Dialect(named) => *named == dialect && path.is_some(),
        Endpoint::Path(prefix) => path.as_ref().is_some_and(|path| {
            let rest = path.strip_prefix(prefix.as_slice());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || prefix.ends_with(b"/"))
        }),
    };
    if endpoints.iter().any(meant) { Ok(()) } else { Err(Lacks::Endpoint) }
}

fn grants(rule: &Rule, wanted: &Wanted) -> Result<(), Lacks> {
    let any = |patterns: &[String], name: &str| patterns.iter().any(|pattern| matches(pattern, name.as_bytes()));
    if let Some(models) = &rule.models {
        let meant = |model: &Option<String>| model.as_ref().is_some_and(|model| any(models, model));
        if wanted.models.is_empty() || wanted.contradicts || !wanted.models.iter().all(meant) {
            return Err(Lacks::Model);
        }
    }
    if let Some(tools) = &rule.tools
        && !wanted.tools.iter().all(|tool| any(tools, tool))
    {
        return Err(Lacks::Tool);
    }
    match (rule.max_output, wanted.output) {
        (Some(most), output) if output.is_none_or(|output| output > most) => Err(Lacks::Output),
        _ => Ok(()),
    }
}

impl Stage for Granting {
    fn request_head(&mut self, head: &Head, world: World<'_>) -> Opinion {
        let mut strips = Vec::new();
        for identity in &self.grants.identity {
            let path: Vec<_> = ["metadata", "filter_metadata"]
                .into_iter()
                .chain(identity.metadata.iter().map(String::as_str))
                .collect();
            let vouched = (!identity.metadata.is_empty()).then(|| world.properties.property(&path)).flatten();
            let mut names = head.names_with(&identity.header).filter(|name| name.len() == identity.header.len());
            let once = names.next().is_some_and(|name| name == identity.header.as_bytes()) && names.next().is_none();
            let stays = once && vouched.is_some() && vouched.as_deref() == head.get(&identity.header);
            if !stays {
                let names = head.names_with(&identity.header).filter(|name| name.len() == identity.header.len());
                strips.extend(names.map(<[u8]>::to_vec));
            }
        }
        // Rules see the head as it goes on.
        let mut seen = head.clone();
        strips.iter().for_each(|name| seen.remove(name));
        let known = Known { head: &seen, model: Named::Nothing, shape: None, world };
        let mut opinion = self.weigh(|rule| {
            let waits = rule.when.iter().any(|part| part.source.is_in_body());
            if waits { Ok(()) } else { calls(rule, &known) }
        });
        let asks_no_more = |rule: &Rule| {
            let waits = rule.when.iter().any(|part| part.source.is_in_body());
            !waits && !rule.reads_body() && calls(rule, &known).is_ok()
        };
        self.granted = self.grants.rules.is_empty() || self.grants.rules.iter().any(asks_no_more);
        opinion.counts.extend(strips.iter().map(|_| Counter::StrippedHeaders));
        opinion.strips = strips;
        opinion
    }

    fn request(&mut self, request: Request<'_>) -> Opinion {
        if self.granted {
            return Opinion::default();
        }
        let Request { head, world, .. } = request;
        let wanted = wanted(request);
        let model = match wanted.models.as_slice() {
            [] => Named::Nothing,
            [Some(model)] => Named::One(model.as_bytes()),
            _ => Named::Unclear,
        };
        let known = Known { head, model, shape: None, world };
        self.weigh(|rule| calls(rule, &known).and_then(|()| grants(rule, &wanted)))
    }

    fn unread(&mut self, head: &Head, bytes: u64, world: World<'_>) -> Opinion {
        if self.granted {
            return Opinion::default();
        }
        let path = model_in_path(head.path());
        let named = path.as_deref().map(model_name);
        let model = match &named {
            Some(Some(model)) => Named::One(model.as_bytes()),
            None if bytes == 0 => Named::Nothing,
            _ => Named::Unclear,
        };
        let known = Known { head, model, shape: None, world };
        // Without a body nothing is asked of a model but by the path.
        let nothing = bytes == 0 && path.is_none();
        let unseen = bytes > 0;
        let wanted = Wanted { models: named.iter().cloned().collect(), output: Some(0), ..Wanted::default() };
        self.weigh(|rule| match calls(rule, &known) {
            Ok(()) if nothing => Ok(()),
            Ok(()) if unseen && rule.reads_body() => Err(Lacks::Model),
            Ok(()) => grants(rule, &wanted),
            lacks => lacks,
        })
    }
}
