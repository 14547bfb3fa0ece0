//! What Envoy is told: the shipped `envoy/minimal.yaml` with some of its values put in place.

use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail};
use http::Uri;
use serde_json::{Value, json};

/// The one source: people run this file by hand, everything else starts from it.
const MINIMAL: &str = include_str!("../../../../envoy/minimal.yaml");

const FILTERS: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
const ROUTE: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0/route";
/// Below a listener.
const ACCESS_LOG: &str = "/filter_chains/0/filters/0/typed_config/access_log/0";
const CLUSTER: &str = "/static_resources/clusters/0";

/// Where the system keeps the certificates it trusts: Debian, Ubuntu, Alpine; Fedora, RHEL; openSUSE; macOS.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// An Envoy bootstrap. Starts as `envoy/minimal.yaml`; every method changes one thing of it.
#[derive(Clone, Debug)]
pub struct Bootstrap(Value);

impl Bootstrap {
    /// The shipped file as it is.
    pub fn minimal() -> Result<Self> {
        Self::of(MINIMAL).context("envoy/minimal.yaml")
    }

    /// Another file of the same layout.
    pub fn of(yaml: &str) -> Result<Self> {
        Ok(Self(serde_saphyr::from_str(yaml)?))
    }

    /// Port of the listener on loopback; 0 lets the system choose.
    pub fn port(&mut self, port: u16) -> Result<&mut Self> {
        self.set("/static_resources/listeners/0/address/socket_address/port_value", json!(port))
    }

    /// Port of the admin interface on loopback; 0 lets the system choose.
    pub fn admin_port(&mut self, port: u16) -> Result<&mut Self> {
        self.set("/admin/address/socket_address/port_value", json!(port))
    }

    /// The module's file, made absolute.
    pub fn module(&mut self, file: &Path) -> Result<&mut Self> {
        let file = std::path::absolute(file).with_context(|| format!("module {}", file.display()))?;
        let name = file.to_str().with_context(|| format!("module {}: the path is not UTF-8", file.display()))?;
        self.set(&format!("{FILTERS}/0/typed_config/config/vm_config/code/local/filename"), json!(name))
    }

    /// The module's configuration, handed over byte for byte.
    pub fn configuration(&mut self, text: &str) -> Result<&mut Self> {
        self.set(&format!("{FILTERS}/0/typed_config/config/configuration/value"), json!(text))
    }

    /// The same Envoy without the module.
    pub fn without_module(&mut self) -> Result<&mut Self> {
        let filters = self.at(FILTERS)?.as_array_mut().with_context(|| shipped(FILTERS))?;
        filters.retain(|filter| filter["name"] != "portcullis");
        Ok(self)
    }

    /// Largest body that is held, in bytes, for the listener and the upstream.
    pub fn buffer_limit(&mut self, bytes: u32) -> Result<&mut Self> {
        self.set("/static_resources/listeners/0/per_connection_buffer_limit_bytes", json!(bytes))?;
        self.set(&format!("{CLUSTER}/per_connection_buffer_limit_bytes"), json!(bytes))
    }

    /// The access log of every listener goes to a file instead of standard output.
    pub fn access_log(&mut self, file: &Path) -> Result<&mut Self> {
        let file = file.to_str().with_context(|| format!("access log {}: the path is not UTF-8", file.display()))?;
        let listeners = self.at("/static_resources/listeners")?.as_array_mut().into_iter().flatten();
        for listener in listeners {
            let log = listener.pointer_mut(ACCESS_LOG).with_context(|| shipped(ACCESS_LOG))?;
            log["name"] = json!("envoy.access_loggers.file");
            log["typed_config"]["@type"] =
                json!("type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog");
            log["typed_config"]["path"] = json!(file);
        }
        Ok(self)
    }

    /// Where requests go, over plain HTTP, with the client's `host` untouched.
    pub fn upstream_address(&mut self, address: SocketAddr) -> Result<&mut Self> {
        self.endpoint(&address.ip().to_string(), address.port())
    }

    /// Where requests go: `host` is rewritten to the upstream's, and `https` is verified against the system's roots.
    pub fn upstream(&mut self, upstream: &Upstream) -> Result<&mut Self> {
        self.endpoint(&upstream.host, upstream.port)?;
        self.at(ROUTE)?["host_rewrite_literal"] = json!(upstream.authority);
        if upstream.tls {
            let roots = SYSTEM_ROOTS
                .into_iter()
                .find(|file| Path::new(file).is_file())
                .ok_or_else(|| anyhow!("no system certificates found; install the package ca-certificates"))?;
            self.at(CLUSTER)?["transport_socket"] = json!({
                "name": "envoy.transport_sockets.tls",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                    "sni": upstream.host,
                    "common_tls_context": {
                        "alpn_protocols": ["http/1.1"],
                        "validation_context": {"trusted_ca": {"filename": roots}},
                    },
                },
            });
            // Without these Envoy would take any certificate that some trusted authority signed, for any host.
            self.protocol_options()?["upstream_http_protocol_options"] =
                json!({"auto_sni": true, "auto_san_validation": true});
        }
        Ok(self)
    }

    /// The HTTP version spoken to the upstream. The shipped file says HTTP/1.1.
    pub fn upstream_protocol(&mut self, protocol: UpstreamProtocol) -> Result<&mut Self> {
        let http1 = json!({"enable_trailers": true});
        let options = self.protocol_options()?;
        if let Some(options) = options.as_object_mut() {
            options.remove("explicit_http_config");
        }
        match protocol {
            UpstreamProtocol::Http1 => options["explicit_http_config"] = json!({"http_protocol_options": http1}),
            UpstreamProtocol::Http2 => options["explicit_http_config"] = json!({"http2_protocol_options": {}}),
            UpstreamProtocol::LikeClient => {
                options["use_downstream_protocol_config"] =
                    json!({"http_protocol_options": http1, "http2_protocol_options": {}});
            }
        }
        Ok(self)
    }

    /// Adds a copy of the listener, without the module, on a port that the system chooses. Later changes to the first
    /// listener do not reach it.
    pub fn bare_copy(&mut self, name: &str) -> Result<&mut Self> {
        let mut bare = self.clone();
        let mut copy = bare.without_module()?.port(0)?.at("/static_resources/listeners/0")?.take();
        copy["name"] = json!(name);
        let listeners = "/static_resources/listeners";
        self.at(listeners)?.as_array_mut().with_context(|| shipped(listeners))?.push(copy);
        Ok(self)
    }

    /// Takes the listeners out and has Envoy watch `file` for them. Returns what the file has to hold: moving a new
    /// version over it changes the running Envoy.
    pub fn listeners_in_file(&mut self, file: &Path) -> Result<Value> {
        let name = file.to_str().with_context(|| format!("{}: the path is not UTF-8", file.display()))?;
        let listeners = self.at("/static_resources/listeners")?.take();
        self.set("/static_resources/listeners", json!([]))?;
        self.0["dynamic_resources"] =
            json!({"lds_config": {"resource_api_version": "V3", "path_config_source": {"path": name}}});
        self.0["node"] = json!({"id": "portcullis", "cluster": "portcullis"});
        let resources =
            listeners.as_array().with_context(|| shipped("/static_resources/listeners"))?.iter().map(|listener| {
                let mut resource = json!({"@type": "type.googleapis.com/envoy.config.listener.v3.Listener"});
                for (key, value) in listener.as_object().into_iter().flatten() {
                    resource[key] = value.clone();
                }
                resource
            });
        Ok(json!({"resources": resources.collect::<Vec<_>>()}))
    }

    /// Any other place, by JSON pointer. It must exist already.
    pub fn set(&mut self, pointer: &str, value: Value) -> Result<&mut Self> {
        *self.at(pointer)? = value;
        Ok(self)
    }

    /// The place at a JSON pointer. An error when the shipped file has none.
    pub fn at(&mut self, pointer: &str) -> Result<&mut Value> {
        self.0.pointer_mut(pointer).with_context(|| shipped(pointer))
    }

    /// The document, which Envoy reads as it is.
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    fn endpoint(&mut self, host: &str, port: u16) -> Result<&mut Self> {
        let place = "load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
        self.set(&format!("{CLUSTER}/{place}"), json!({"address": host, "port_value": port}))
    }

    fn protocol_options(&mut self) -> Result<&mut Value> {
        self.at(&format!(
            "{CLUSTER}/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        ))
    }
}

fn shipped(pointer: &str) -> String {
    format!("envoy/minimal.yaml: nothing to change at {pointer}")
}

/// HTTP version spoken to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1, trailers let through.
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
    /// What the client speaks.
    LikeClient,
}

/// A server named by URL: `http://host[:port]` or `https://host[:port]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    host: String,
    port: u16,
    authority: String,
    tls: bool,
}

impl FromStr for Upstream {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url}: not a URL; write http://host:port"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => bail!("{url}: the upstream must begin with http:// or https://"),
        };
        if uri.path_and_query().is_some_and(|path| path != "/") {
            bail!("{url}: the upstream is a host only; clients send the path, leave it away here");
        }
        let authority = uri.authority().with_context(|| format!("{url}: no host; write http://host:port"))?;
        if authority.as_str().contains('@') {
            bail!("{url}: no user or password in the upstream; clients send their own credentials");
        }
        Ok(Self {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            tls,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_finds_its_place() {
        let mut bootstrap = Bootstrap::minimal().unwrap();
        bootstrap
            .port(1)
            .and_then(|b| b.admin_port(2))
            .and_then(|b| b.module(Path::new("/m.wasm")))
            .and_then(|b| b.configuration("{\"a\": 1}"))
            .and_then(|b| b.buffer_limit(5))
            .and_then(|b| b.access_log(Path::new("/a.log")))
            .and_then(|b| b.upstream_address("127.0.0.1:3".parse().unwrap()))
            .and_then(|b| b.upstream_protocol(UpstreamProtocol::LikeClient))
            .unwrap();
        let text = bootstrap.as_json().to_string();
        for put in ["\"port_value\":1", "\"port_value\":2", "/m.wasm", "{\\\"a\\\": 1}", "_bytes\":5", "/a.log", ":3}"]
        {
            assert!(text.contains(put), "{put} is not in {text}");
        }
        bootstrap.without_module().unwrap();
        assert!(!bootstrap.as_json().to_string().contains(".wasm\""));
    }

    #[test]
    fn the_shipped_file_is_what_its_comment_says() {
        let mut bootstrap = Bootstrap::minimal().unwrap();
        assert_eq!(bootstrap.at("/admin/address/socket_address/address").unwrap(), "127.0.0.1");
        let filter = bootstrap.at(&format!("{FILTERS}/0/typed_config/config")).unwrap();
        assert_eq!(filter["failure_policy"], "FAIL_RELOAD");
        assert_eq!(filter["vm_config"]["code"]["local"]["filename"], "dist/portcullis.wasm");
    }

    #[test]
    fn listeners_move_into_a_file_with_their_type() {
        let mut bootstrap = Bootstrap::minimal().unwrap();
        let file = bootstrap.listeners_in_file(Path::new("/lds.json")).unwrap();
        assert_eq!(file["resources"][0]["name"], "gateway");
        assert_eq!(file["resources"][0]["@type"], "type.googleapis.com/envoy.config.listener.v3.Listener");
        assert_eq!(bootstrap.as_json()["static_resources"]["listeners"], json!([]));
    }

    #[test]
    fn upstreams_are_hosts() {
        let upstream: Upstream = "https://api.openai.com".parse().unwrap();
        assert_eq!((upstream.host.as_str(), upstream.port, upstream.tls), ("api.openai.com", 443, true));
        let upstream: Upstream = "http://[::1]:11434/".parse().unwrap();
        assert_eq!((upstream.host.as_str(), upstream.port, upstream.authority.as_str()), ("::1", 11434, "[::1]:11434"));
        for bad in ["localhost:80", "ftp://x", "http://x/v1", "http://u:p@x", ""] {
            assert!(bad.parse::<Upstream>().is_err(), "{bad}");
        }
    }
}
