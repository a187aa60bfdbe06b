{{%AUTOESCAPE context="HTML"}}<p class="form-error" role="alert">{{W_COMMENT_SIGNED_OUT}} <a href="/login" target="_blank" rel="noopener">{{W_COMMENT_LOG_IN_AGAIN}}</a></p>
