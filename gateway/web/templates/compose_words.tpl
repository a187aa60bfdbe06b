{{%AUTOESCAPE context="HTML"}}<template data-live-words="signed-out"><p class="form-error" role="alert">{{W_COMMENT_SIGNED_OUT}} <a href="/login" target="_blank" rel="noopener">{{W_COMMENT_LOG_IN_AGAIN}}</a></p></template>
<template data-live-words="not-sent"><p class="form-error" role="alert">{{W_FORM_NOT_SENT}}</p></template>
