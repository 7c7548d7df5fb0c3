/** What every function pays that talks to its database by supabase-js. */
import "@supabase/supabase-js";
