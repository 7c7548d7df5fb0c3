/** What a cold start is measured against: the function's libraries and nothing else. */
import "@supabase/supabase-js";
import "svix";
import "zod";
