//! A test build panics on demand in each callback: only the request that hits it is lost, by its failure policy.
//!
//! The module is `portcullis` with the feature `plant-panics` of the host crate, which no shipped module has.

use portcullis_integration::{Bootstrap, Gateway, http1};
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";
const MODULE: &str = "test/planted_panics";

fn open() -> Value {
    json!({"profiles": {"default": {"on_failure": {"request": "open", "response": "open"}}}})
}

fn request(plant: Option<&str>) -> http1::Request {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let request = http1::Request::post_json(CHAT, body).trailer("x-end", "1").header("te", "trailers");
    match plant {
        Some(callback) => request.header("x-plant-panic", callback),
        None => request,
    }
}

async fn send(gateway: &Gateway, request: &http1::Request) -> Option<http1::Response> {
    let mut connection = http1::Connection::open(gateway.address()).await.unwrap();
    connection.send(request).await.ok()
}

/// What a client may see of a stream that was reset: nothing, or an answer that is not whole.
fn is_lost(response: &Option<http1::Response>) -> bool {
    response.as_ref().is_none_or(|response| !response.complete)
}

const REQUEST_WAY: [&str; 3] = ["request_headers", "request_body", "request_trailers"];
const RESPONSE_WAY: [&str; 2] = ["response_body", "response_trailers"];

async fn assert_untouched(gateway: &Gateway, after: &str) {
    for _ in 0..4 {
        let response = send(gateway, &request(None)).await.unwrap();
        assert_eq!((response.status, response.complete), (200, true), "a request after a panic in {after}");
    }
    for stat in ["vm_reload_success", "vm_reload_failure", "vm_reload_backoff"] {
        assert_eq!(gateway.stat(&format!("wasm.portcullis.{stat}")).await, 0, "{stat} after a panic in {after}");
    }
}

async fn panics(gateway: &Gateway, callback: &str) -> u64 {
    gateway.stat(&format!("wasmcustom.portcullis.panics.callback.{callback}")).await
}

#[tokio::test]
async fn closed_a_panic_costs_the_request_that_hits_it_and_no_other() {
    let gateway = Gateway::builder().module(MODULE).concurrency(1).start().await;
    for callback in REQUEST_WAY.into_iter().chain(["response_headers"]) {
        let response = send(&gateway, &request(Some(callback))).await.unwrap();
        assert_eq!(response.status, 503, "{callback}");
        assert_eq!(response.header("x-portcullis-verdict"), Some("block; stage=failure"), "{callback}");
        assert_eq!(panics(&gateway, callback).await, 1, "{callback}");
        assert_untouched(&gateway, callback).await;
    }
    for callback in RESPONSE_WAY {
        let mut planted = request(Some(callback));
        if callback == "response_trailers" {
            let body =
                json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "[[trailers]] hi"}]});
            planted = planted.body(body.to_string());
        }
        let response = send(&gateway, &planted).await;
        assert!(is_lost(&response), "{callback}: {response:?}");
        assert_eq!(panics(&gateway, callback).await, 1, "{callback}");
        assert_untouched(&gateway, callback).await;
    }
    let response = send(&gateway, &request(Some("log"))).await.unwrap();
    assert_eq!((response.status, response.complete), (200, true), "the answer had gone when the record failed");
    assert_untouched(&gateway, "log").await;
    assert_eq!(panics(&gateway, "log").await, 1);
    let log = gateway.log();
    assert!(log.contains("caught a panic in request_body at "), "{log}");
    assert!(!log.contains("planted\n"), "what a panic says may be content");
}

#[tokio::test]
async fn open_a_panic_costs_nothing_but_the_inspection() {
    let gateway = Gateway::builder().module(MODULE).config(open()).concurrency(1).start().await;
    for callback in REQUEST_WAY.into_iter().chain(["response_headers", "response_body"]) {
        let response = send(&gateway, &request(Some(callback))).await.unwrap();
        assert_eq!((response.status, response.complete), (200, true), "{callback}");
        assert!(panics(&gateway, callback).await >= 1, "{callback}");
        assert_untouched(&gateway, callback).await;
    }
}

/// Names the callback that is to fail where no request can: in the environment of the VM.
fn plant(bootstrap: &mut Bootstrap, callback: &str) {
    const FILTERS: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let vm = bootstrap.at(&format!("{FILTERS}/0/typed_config/config/vm_config")).unwrap();
    vm["environment_variables"] = json!({"key_values": {"PLANT_PANIC": callback}});
}

#[tokio::test]
async fn a_stream_that_cannot_be_made_follows_the_policy() {
    for (config, status) in [(json!({}), 503), (open(), 200)] {
        let builder = Gateway::builder().module(MODULE).config(config).concurrency(1);
        let builder = builder.change(|bootstrap| {
            plant(bootstrap, "create");
            Ok(())
        });
        let gateway = builder.start().await;
        let response = send(&gateway, &request(None)).await.unwrap();
        assert_eq!(response.status, status);
        assert!(panics(&gateway, "create").await >= 1);
    }
}

#[tokio::test]
async fn a_panic_in_the_configuration_refuses_it() {
    let builder = Gateway::builder().module(MODULE).change(|bootstrap| {
        plant(bootstrap, "configure");
        Ok(())
    });
    let error = format!("{:#}", builder.try_start().await.unwrap_err());
    assert!(error.contains("caught a panic in configure at "), "{error}");
}
