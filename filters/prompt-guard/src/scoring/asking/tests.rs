use super::*;
use crate::settings::Guard;
use portcullis_core::config::Config;
use portcullis_core::head::Head;
use portcullis_core::store::Memory;
use serde_json::{Value, json};

fn scorers(section: Value) -> Arc<Scorers> {
    let document = json!({"profiles": {"default": {"prompt_guard": {"scoring": section}}}}).to_string();
    let config = Config::parse(document.as_bytes(), &[&crate::PROMPT_GUARD], &|_| None).unwrap();
    let profile = config.select(&Head::default());
    let guard = profile.stages[0].as_any().unwrap().downcast_ref::<Guard>().unwrap();
    Arc::clone(guard.0.scorers.as_ref().unwrap())
}

fn one(more: Value) -> Value {
    let mut section = json!({"scorers": [{"cluster": "a"}]});
    section.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    section
}

const UNSURE: Local = Local { verdict: Verdict::Flag, judge: Judge::Rules, score: 0.6 };

/// Scorers, and a place and a time for them.
struct Scene(Arc<Scorers>, Memory, u64);

impl Scene {
    fn of(section: Value) -> Self {
        Self(scorers(section), Memory::default(), 0)
    }

    fn world(&self) -> World<'_> {
        World { now: self.2, store: &self.1, properties: &self.1, profile: "p" }
    }

    fn begin(&self, text: &str) -> (Asking, Opinion) {
        let texts = vec![(Role::User, text.to_owned())];
        Asking::begin(Arc::clone(&self.0), texts, UNSURE, [1; 8], self.world())
    }

    fn score(&self, asking: &mut Asking, call: u32, score: &str) -> Opinion {
        let body = format!(r#"{{"outputs":[{{"datatype":"FP32","shape":[1,1],"data":[{score}]}}]}}"#);
        let answer = Answered { status: 200, headers: Vec::new(), body: body.into() };
        asking.answered(call, Ok(answer), self.world())
    }
}

#[test]
fn the_scorer_decides_what_the_stage_is_unsure_of() {
    for (score, verdict) in [("0.1", Verdict::Allow), ("0.6", Verdict::Flag), ("0.9", Verdict::Block)] {
        let scene = Scene::of(one(json!({})));
        let (mut asking, opinion) = scene.begin("t");
        assert_eq!((opinion.calls.len(), opinion.verdict), (1, Verdict::Allow));
        let said = scene.score(&mut asking, 0, score);
        assert_eq!((said.verdict, said.calls.len()), (verdict, 0), "{score}");
        let again = scene.begin("t").1;
        assert_eq!((again.verdict, again.calls.len()), (verdict, 0), "the cache knows it");
        assert_eq!(scene.begin("u").1.calls.len(), 1);
    }
}

#[test]
fn who_is_sure_asks_nobody() {
    let (uncertain, always) = (scorers(one(json!({"from": 0.4}))), scorers(one(json!({"when": "always"}))));
    let local = |verdict, score| Local { verdict, judge: Judge::Rules, score };
    for (local, in_band, at_all) in [
        (local(Verdict::Allow, 0.0), false, true),
        (local(Verdict::Allow, 0.39), false, true),
        (local(Verdict::Allow, 0.4), true, true),
        (local(Verdict::Flag, 0.79), true, true),
        (local(Verdict::Flag, 0.9), true, true),
        (local(Verdict::Block, 0.6), false, false),
    ] {
        assert_eq!((uncertain.wants(local), always.wants(local)), (in_band, at_all), "{local:?}");
    }
}

#[test]
fn what_is_no_score_follows_the_policy() {
    for (policy, verdict, failed) in
        [("profile", Verdict::Allow, true), ("local", Verdict::Flag, false), ("open", Verdict::Allow, false)]
    {
        for bad in 0..4 {
            let scene = Scene::of(one(json!({"on_failure": policy})));
            let (mut asking, _) = scene.begin("t");
            let answer = |status, body: &str| Ok(Answered { status, headers: Vec::new(), body: body.into() });
            let said = match bad {
                0 => asking.answered(0, Err(CallFailure::Timeout), scene.world()),
                1 => asking.answered(0, answer(503, "no healthy upstream"), scene.world()),
                2 => asking.answered(0, answer(200, "{"), scene.world()),
                _ => scene.score(&mut asking, 0, "NaN"),
            };
            assert_eq!((said.verdict, said.failed), (verdict, failed), "{policy} {bad}");
            assert!(said.counts.contains(&Counter::Scoring(Scoring::Failed)));
        }
    }
}

#[test]
fn a_call_that_failed_is_made_once_more_within_the_deadline() {
    let scorer = json!([{"cluster": "a", "retries": 1, "timeout_ms": 200}]);
    let mut scene = Scene::of(json!({"scorers": scorer, "deadline_ms": 250}));
    let (mut asking, _) = scene.begin("t");
    scene.2 = 100_000;
    let retried = asking.answered(0, Err(CallFailure::Reset), scene.world());
    assert_eq!((retried.calls.len(), retried.failed), (1, false));
    assert_eq!(retried.calls[0].timeout, 150, "what is left");
    let said = asking.answered(0, Err(CallFailure::Reset), scene.world());
    assert_eq!((said.calls.len(), said.failed), (0, true));
    let (mut asking, _) = scene.begin("u");
    scene.2 = 350_000;
    let said = asking.answered(0, Err(CallFailure::Timeout), scene.world());
    assert_eq!((said.calls.len(), said.failed), (0, true), "the time is over");
}

#[test]
fn of_several_the_worst_counts_or_the_first() {
    let two = json!([{"cluster": "a"}, {"cluster": "b"}]);
    let scene = Scene::of(json!({"scorers": two}));
    let (mut asking, opinion) = scene.begin("t");
    assert_eq!(opinion.calls.len(), 2);
    assert_eq!(scene.score(&mut asking, 0, "0.9").verdict, Verdict::Allow, "one is out");
    assert_eq!(scene.score(&mut asking, 1, "0.1").verdict, Verdict::Block);
    let scene = Scene::of(json!({"scorers": two, "combine": "first"}));
    let (mut asking, _) = scene.begin("t");
    let said = scene.score(&mut asking, 1, "0.9");
    assert_eq!((said.verdict, said.settled), (Verdict::Block, true));
    let scene = Scene::of(json!({"scorers": two, "max_calls": 1}));
    assert_eq!(scene.begin("t").1.calls.len(), 1);
}

#[test]
fn a_scorer_that_is_missing_among_several_is_a_failure_unless_the_others_refuse() {
    let two = json!([{"cluster": "a"}, {"cluster": "b"}]);
    for (score, verdict, failed) in [("0.1", Verdict::Allow, true), ("0.9", Verdict::Block, false)] {
        let scene = Scene::of(json!({"scorers": two}));
        let (mut asking, _) = scene.begin("t");
        asking.answered(0, Err(CallFailure::Reset), scene.world());
        let said = scene.score(&mut asking, 1, score);
        assert_eq!((said.verdict, said.failed), (verdict, failed), "{score}");
    }
}

#[test]
fn a_scorer_that_fails_is_left_alone_by_all_and_then_tried() {
    let mut scene = Scene::of(one(json!({"breaker": {"failures": 2, "open_ms": 100}})));
    for text in ["a", "b"] {
        let (mut asking, _) = scene.begin(text);
        asking.answered(0, Err(CallFailure::Reset), scene.world());
    }
    let (_, opinion) = scene.begin("c");
    assert_eq!((opinion.calls.len(), opinion.failed), (0, true));
    assert_eq!(opinion.counts, [Counter::Scoring(Scoring::Broken)]);
    scene.2 = 100_000;
    let (mut asking, opinion) = scene.begin("c");
    assert_eq!(opinion.calls.len(), 1);
    assert_eq!(scene.begin("d").1.calls.len(), 0, "one tries");
    scene.score(&mut asking, 0, "0.1");
    assert_eq!(scene.begin("d").1.calls.len(), 1);
}

#[test]
fn in_shadow_the_stages_own_word_holds_and_differences_are_counted() {
    for (score, count) in [("0.1", Scoring::LocalOnly), ("0.9", Scoring::Agreed)] {
        let scene = Scene::of(one(json!({"shadow": true})));
        let (mut asking, _) = scene.begin("t");
        let said = scene.score(&mut asking, 0, score);
        assert_eq!((said.verdict, said.judge), (Verdict::Flag, Judge::Rules));
        assert!(said.counts.contains(&Counter::Scoring(count)), "{:?}", said.counts);
    }
}

#[test]
fn windows_cover_the_newest_texts_within_the_bound() {
    let scorers = scorers(one(json!({"max_bytes": 300, "window_bytes": 128, "overlap_bytes": 28})));
    let (old, new) = ("o".repeat(200), "é".repeat(100));
    let windows = scorers.windows([(Role::System, old.as_str()), (Role::User, new.as_str())].into_iter());
    assert!(windows.iter().all(|(_, window)| window.len() <= 128));
    assert!(windows.iter().map(|(_, window)| window.len()).sum::<usize>() <= 300);
    let newest: Vec<_> = windows.iter().filter(|(role, _)| *role == Role::User).collect();
    assert_eq!((newest.len(), windows[0].0), (2, Role::System));
    for (overlap, max) in [(0, 256), (64, 1000)] {
        let scorers = scorers_of(overlap, max);
        for text in ["", "a", &new, &old] {
            let windows = scorers.windows([(Role::User, text)].into_iter());
            assert_eq!(windows.is_empty(), text.is_empty());
        }
    }
}

fn scorers_of(overlap: u64, max: u64) -> Arc<Scorers> {
    scorers(one(json!({"max_bytes": max, "window_bytes": 128, "overlap_bytes": overlap})))
}

#[test]
fn without_a_network_the_stage_says_what_it_thinks() {
    let scene = Scene::of(one(json!({})));
    let (mut asking, _) = scene.begin("t");
    let said = asking.answered(0, Err(CallFailure::Offline), scene.world());
    assert_eq!((said.verdict, said.judge, said.failed), (Verdict::Flag, Judge::Rules, false));
    assert_eq!(scene.begin("u").1.calls.len(), 1, "the breaker does not count it");
}

#[test]
fn a_section_without_a_scorer_and_settings_without_effect_are_refused() {
    for (section, problem) in [
        (json!({}), "names no scorer"),
        (json!({"scorers": []}), "names no scorer"),
        (json!({"scorers": [{}]}), "is missing"),
        (one(json!({"when": "always", "from": 0.2})), "no effect"),
        (one(json!({"overlap_bytes": 600})), "half of a window"),
        (json!({"scorers": [{"cluster": "a", "pointer": "/x"}]}), "no meaning"),
        (json!({"scorers": [{"cluster": "a", "protocol": "pointer"}]}), "is missing"),
        (json!({"scorers": [{"cluster": "a", "flag": 0.9}]}), "greater than block"),
    ] {
        let document = json!({"profiles": {"default": {"prompt_guard": {"scoring": section}}}}).to_string();
        let problems = Config::parse(document.as_bytes(), &[&crate::PROMPT_GUARD], &|_| None).err().unwrap();
        assert!(problems.iter().any(|found| found.to_string().contains(problem)), "{section}: {problems:?}");
    }
    assert!(Config::parse(b"{}", &[&crate::PROMPT_GUARD], &|_| None).is_ok());
}
