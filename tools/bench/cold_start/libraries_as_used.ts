/** The function's libraries as it imports them, and nothing else: the least it can come to. */
import "@supabase/supabase-js";
import "svix";
import "zod/mini";
