import { toast } from "./toast.js";

/** Puts a link on the clipboard; without a secure context or permission there is none: then the link is shown, to be copied by hand. */
export async function copyLink(link, said = "The link is copied.") {
  try {
    await navigator.clipboard.writeText(link);
    toast(said);
  } catch {
    toast(link);
  }
}
