//! Who may call what, in real Envoy: refusals in dialect, records, and fields that do not go on.

use portcullis_integration::{Gateway, Reconfigured};
use serde_json::{Value, json};

fn config() -> Value {
    json!({"profiles": {"default": {"access": {
        "identity": [{"header": "x-role"}],
        "rules": [
            {"name": "staff", "when": [{"header": "x-team", "values": ["staff"]}], "models": ["gpt-4o-mini", "claude-*"]},
            {"name": "public", "endpoints": ["/v1/models"]},
        ],
    }}}})
}

#[tokio::test]
async fn what_is_not_granted_is_refused_in_dialect_and_recorded() {
    for module in ["access", "portcullis"] {
        let gateway = Gateway::builder().module(module).config(config()).start().await;
        let chat = |model: &str| {
            json!({"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}).to_string()
        };
        let staff = ("x-team", "staff");
        let granted = gateway
            .post(
                "/v1/chat/completions",
                &[staff, ("x-role", "admin"), ("x_role", "root"), ("x-test", "a")],
                chat("gpt-4o-mini"),
            )
            .await;
        assert_eq!(granted.status, 200);
        let seen = &gateway.seen_with("x-test", "a")[0];
        assert_eq!((seen.header("x-role"), seen.header("x_role"), seen.header("x-team")), (None, None, Some("staff")));
        let openai = gateway.post("/v1/chat/completions", &[staff], chat("gpt-4o")).await;
        let error: Value = serde_json::from_slice(&openai.body).unwrap();
        assert_eq!((openai.status.as_u16(), &error["error"]["code"]), (403, &json!("policy_violation")));
        assert_eq!(openai.header("x-portcullis-verdict"), Some("block; stage=access"));
        let record = gateway.audit_of(&openai).await;
        assert_eq!(
            (&record["stage"], &record["policy"], &record["model"]),
            (&json!("access"), &json!("staff"), &json!("gpt-4o"))
        );
        let anthropic =
            gateway.post("/v1/messages", &[("anthropic-version", "2023-06-01")], chat("claude-haiku")).await;
        let error: Value = serde_json::from_slice(&anthropic.body).unwrap();
        assert_eq!((anthropic.status.as_u16(), &error["error"]["type"]), (403, &json!("permission_error")));
        let bodies = gateway.model_server().requests().into_iter().filter(|seen| !seen.body.is_empty()).count();
        assert_eq!(bodies, 1, "no other body was forwarded");
        assert_eq!(gateway.stat("wasmcustom.portcullis.denied.reason.model").await, 1);
        assert_eq!(
            gateway.stat("wasmcustom.portcullis.denied.reason.caller").await
                + gateway.stat("wasmcustom.portcullis.denied.reason.endpoint").await,
            1
        );
        assert_eq!(gateway.stat("wasmcustom.portcullis.stripped_headers").await, 2);
        let shadow = config().to_string().replace("\"identity\"", "\"mode\":\"shadow\",\"identity\"");
        assert_eq!(gateway.reconfigure(shadow).await, Reconfigured::Accepted);
        let shadowed =
            gateway.post("/v1/chat/completions", &[staff, ("x-role", "admin"), ("x-test", "b")], chat("gpt-4o")).await;
        assert_eq!(shadowed.status, 200);
        assert_eq!(
            gateway.seen_with("x-test", "b")[0].header("x-role"),
            Some("admin"),
            "in shadow mode nothing is removed"
        );
    }
}
