/** The function's libraries as it imports them, and nothing else: the lower bound. */
import "@supabase/supabase-js";
import "svix";
import "zod/mini";
