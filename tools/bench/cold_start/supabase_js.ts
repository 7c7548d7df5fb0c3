/** What every function pays that talks to its database through supabase-js. */
import "@supabase/supabase-js";
