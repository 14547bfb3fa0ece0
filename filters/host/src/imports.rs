//! The host's functions, ABI 0.2.1 and one of WASI preview 1, by their names. Each returns a status: 0 is success.
//!
//! Outside of a VM there is no host, and every call answers [`NO_HOST`].
#![allow(unsafe_code, reason = "the imports of the VM; every pointer is made in calls.rs, from a slice or a local")]
#![allow(missing_docs, clippy::too_many_arguments, reason = "they are as the proxy-wasm specification has them")]

/// `InternalFailure` of the ABI.
#[cfg(not(target_arch = "wasm32"))]
pub const NO_HOST: u32 = 10;

macro_rules! imports {
    ($module:literal; $(fn $name:ident($($arg:ident: $type:ty),* $(,)?);)*) => {
        #[cfg(target_arch = "wasm32")]
        #[link(wasm_import_module = $module)]
        unsafe extern "C" {
            $(pub fn $name($($arg: $type),*) -> u32;)*
        }

        $(
            /// # Safety
            /// As the import: pointers must be valid for the sizes that follow them.
            #[cfg(not(target_arch = "wasm32"))]
            pub unsafe fn $name($(_: $type),*) -> u32 {
                NO_HOST
            }
        )*
    };
}

imports! {
    "wasi_snapshot_preview1";
    fn random_get(buffer: *mut u8, size: usize);
}

imports! {
    "env";
    fn proxy_log(level: u32, message: *const u8, size: usize);
    fn proxy_get_log_level(level: *mut u32);
    fn proxy_get_current_time_nanoseconds(time: *mut u64);
    fn proxy_get_buffer_bytes(kind: u32, start: usize, max: usize, data: *mut *mut u8, size: *mut usize);
    fn proxy_set_buffer_bytes(kind: u32, start: usize, size: usize, data: *const u8, data_size: usize);
    fn proxy_get_header_map_pairs(kind: u32, data: *mut *mut u8, size: *mut usize);
    fn proxy_get_header_map_value(kind: u32, key: *const u8, key_size: usize, data: *mut *mut u8, size: *mut usize);
    fn proxy_replace_header_map_value(kind: u32, key: *const u8, key_size: usize, value: *const u8, value_size: usize);
    fn proxy_remove_header_map_value(kind: u32, key: *const u8, key_size: usize);
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize);
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize);
    fn proxy_get_shared_data(key: *const u8, key_size: usize, data: *mut *mut u8, size: *mut usize, cas: *mut u32);
    fn proxy_set_shared_data(key: *const u8, key_size: usize, value: *const u8, value_size: usize, cas: u32);
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, id: *mut u32);
    fn proxy_increment_metric(id: u32, by: i64);
    fn proxy_close_stream(kind: u32);
    fn proxy_continue_stream(kind: u32);
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    );
}
