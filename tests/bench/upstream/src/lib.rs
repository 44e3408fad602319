// SPDX-License-Identifier: Apache-2.0
//! What a resolve is by upstream's crates, for resolve.c: hashes, longest prefix, keys.
use std::hint::black_box;
use std::slice::from_raw_parts;
use wombatkv_core::reuse::{chained_prefix_hashes, Fingerprint};
use wombatkv_node::block_prefetch::block_key_for_hash;
use wombatkv_radix::block_meta::{BlockMeta, InMemoryMetadataIndex, MetadataIndex};

const TOKENS: usize = 128;
const FINGERPRINT: Fingerprint = Fingerprint([7; 32]);

fn meta() -> BlockMeta {
    BlockMeta::new_root(131_072, [0u8; 24], [0u8; 16])
}

/// An index of `count` blocks.
///
/// # Safety
/// `hashes` points to `count` hashes of 32 bytes.
#[no_mangle]
pub unsafe extern "C" fn upstream_index(hashes: *const u8, count: usize) -> *mut InMemoryMetadataIndex {
    let index = InMemoryMetadataIndex::new();
    let bytes = from_raw_parts(hashes, 32 * count);
    index.bulk_load(bytes.chunks(32).map(|h| (h.try_into().unwrap(), meta())));
    Box::into_raw(Box::new(index))
}

/// A prompt of `blocks` blocks.
///
/// # Safety
/// `tokens` points to `blocks` times 128 tokens.
#[no_mangle]
pub unsafe extern "C" fn upstream_prompt(tokens: *const u32, blocks: usize) -> *mut Vec<Vec<u32>> {
    let all = from_raw_parts(tokens, blocks * TOKENS);
    Box::into_raw(Box::new(all.chunks(TOKENS).map(<[u32]>::to_vec).collect()))
}

/// Hashes, longest prefix and keys of a prompt; the last hash goes to `last`, the prefix is returned.
///
/// # Safety
/// `index` and `prompt` come from the functions above, `last` has room for 32 bytes.
#[no_mangle]
pub unsafe extern "C" fn upstream_resolve(
    index: *const InMemoryMetadataIndex,
    prompt: *const Vec<Vec<u32>>,
    last: *mut u8,
) -> usize {
    let hashes = chained_prefix_hashes("default", FINGERPRINT, &*prompt);
    let found = (*index).longest_prefix(&hashes);
    for hash in &hashes {
        black_box(block_key_for_hash(hash));
    }
    std::ptr::copy_nonoverlapping(hashes.last().unwrap().as_ptr(), last, 32);
    found
}
