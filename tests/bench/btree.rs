// SPDX-License-Identifier: Apache-2.0
//! Upstream's container, for bench_index: a BTreeMap behind a lock, with values of its size.
use std::collections::BTreeMap;
use std::sync::RwLock;

type Map = RwLock<BTreeMap<[u8; 32], [u64; 19]>>;

#[no_mangle]
pub extern "C" fn btree_new() -> *mut Map {
    Box::into_raw(Box::new(RwLock::new(BTreeMap::new())))
}

/// # Safety
/// `map` is of btree_new(), `key` has 32 bytes.
#[no_mangle]
pub unsafe extern "C" fn btree_insert(map: *mut Map, key: *const u8, value: u64) {
    let key = *(key as *const [u8; 32]);
    (*map).write().unwrap().insert(key, [value; 19]);
}

/// # Safety
/// `map` is of btree_new(), `keys` has `count` times 32 bytes.
#[no_mangle]
pub unsafe extern "C" fn btree_prefix(map: *const Map, keys: *const u8, count: u32, sink: *mut u64) -> u32 {
    let map = (*map).read().unwrap();
    let keys = std::slice::from_raw_parts(keys as *const [u8; 32], count as usize);
    for (at, key) in keys.iter().enumerate() {
        match map.get(key) {
            Some(value) => *sink = (*sink).wrapping_add(value[0]),
            None => return at as u32,
        }
    }
    count
}

/// # Safety
/// `map` is of btree_new() and not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn btree_free(map: *mut Map) {
    drop(Box::from_raw(map));
}
