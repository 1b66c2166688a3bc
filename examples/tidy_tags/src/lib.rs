//! Writes tags in lower case, each once, in the author's order.

mod bindings {
    wit_bindgen::generate!({ path: "bindings/wit", world: "plugin" });
}

use bindings::hyperhost::plugin::types::{
    ArtifactChange, ArtifactMetadata, ArtifactPatch, Refusal,
};
use bindings::Guest;

struct Plugin;

impl Guest for Plugin {
    /// Change an artifact before it is validated and written.
    fn artifact_transform(change: ArtifactChange) -> Result<Option<ArtifactPatch>, Refusal> {
        let metadata = change.artifact.metadata;
        let tags = tidy(&metadata.tags);
        if tags == metadata.tags {
            return Ok(None);
        }
        Ok(Some(ArtifactPatch {
            metadata: Some(ArtifactMetadata { tags, ..metadata }),
            set_labels: Vec::new(),
            remove_labels: Vec::new(),
            set_annotations: Vec::new(),
            remove_annotations: Vec::new(),
            manifest_json: None,
        }))
    }
}

fn tidy(tags: &[String]) -> Vec<String> {
    let mut tidied: Vec<String> = Vec::new();
    for tag in tags {
        let tag = tag.trim().to_lowercase();
        if !tag.is_empty() && !tidied.contains(&tag) {
            tidied.push(tag);
        }
    }
    tidied
}

bindings::export!(Plugin with_types_in bindings);
